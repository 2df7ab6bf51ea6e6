"""A judge behind any OpenAI-compatible endpoint.

It plays a user who sees titles and attributes, but not the recommender: what it likes is plausible,
not necessarily faithful. It uses temperature 0 by default, and a cache. Still, the model behind it
can be wrong and, on some endpoints, change from day to day.
"""

import asyncio
import threading
from collections.abc import Coroutine, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, TypeVar

from reward_models.judge.endpoint.asker import Asker
from reward_models.judge.endpoint.breaker import Clock
from reward_models.judge.endpoint.messages import Messages, Question
from reward_models.judge.settings import (
    BreakerSettings,
    BudgetSettings,
    EndpointSettings,
    RetrySettings,
)
from reward_models.judge.types import JudgeCase, Preference, Rating
from reward_models.types import FAILED

Result = TypeVar("Result")

_SWAPPED: Final[dict[str, Preference]] = {"first": "second", "second": "first", "tie": "tie"}
_SIDES: Final[dict[str, Preference]] = {"first": "first", "second": "second", "tie": "tie"}


class EndpointJudge:
    """Rates and compares explanations of a catalogue's items.

    Its calls run in its own thread, which all callers share: a case that several callers ask about
    at the same time is sent once.

    Args:
        titles: by item row.
        attributes: attribute name to values for each item; empty if the catalogue has none.
        cache: path of the file that keeps answers and spending.

    Raises:
        ValueError: a setting that cannot work, or a key that is not set.
    """

    def __init__(
        self,
        endpoint: EndpointSettings,
        titles: Sequence[str],
        attributes: Sequence[Mapping[str, tuple[str, ...]]],
        cache: str | Path,
        *,
        retry: RetrySettings | None = None,
        budget: BudgetSettings | None = None,
        breaker: BreakerSettings | None = None,
        clock: Clock | None = None,
    ) -> None:
        retry, budget = retry or RetrySettings(), budget or BudgetSettings()
        breaker = breaker or BreakerSettings()
        for settings in (endpoint, retry, budget, breaker):
            settings.check()
        self._messages = Messages(titles, attributes, endpoint.told_verdict)
        self._pairs = self._consistent = 0
        self._loop = LoopThread("judge")

        async def open_asker() -> Asker:
            return Asker(endpoint, retry, budget, breaker, Path(cache), clock or Clock())

        try:
            self._asker = self._loop.run(open_asker())
        except BaseException:
            self._loop.close()
            raise

    def rate(self, cases: Sequence[JudgeCase]) -> list[Rating]:
        """A level from 1 to 4 for each case; `FAILED` without a readable reply.

        Raises:
            JudgeError: the budget is spent, or the endpoint is down or refuses every call.
        """
        answers = self._answers([self._messages.rating(case) for case in cases])
        return [FAILED if answer is None else float(answer) for answer in answers]

    def prefer(self, pairs: Sequence[tuple[JudgeCase, JudgeCase]]) -> list[Preference]:
        """The better of each pair if both orders agree; otherwise a tie.

        Models favour a position (Zheng et al. 2023, section 3.3): an answer that changes with the
        order is not a preference. `FAILED` where either order has no answer.

        Raises:
            JudgeError: as `rate`.
            ValueError: a pair explains two different questions.
        """
        orders = [order for a, b in pairs for order in ((a, b), (b, a))]
        answers = self._answers([self._messages.preference(*order) for order in orders])
        return [self._agreed(*both) for both in zip(answers[::2], answers[1::2], strict=True)]

    def summary(self) -> dict[str, float]:
        """What the judge spent and how consistent it is.

        `calls`, `tokens_in`, `tokens_out` and `money` since the cache was created; and
        `position_consistency`, the share in [0, 1] of this judge's pairs on which both orders
        agree, absent before the first pair.
        """

        async def spent() -> dict[str, float]:
            return vars(self._asker.spent())

        consistency = (
            {"position_consistency": self._consistent / self._pairs} if self._pairs else {}
        )
        return self._loop.run(spent()) | consistency

    def close(self) -> None:
        """Close connections, cache and thread; a second call does nothing."""
        if self._loop.running:
            self._loop.run(self._asker.close())
            self._loop.close()

    def __enter__(self) -> "EndpointJudge":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _answers(self, questions: Sequence[Question]) -> list[str | None]:
        return self._loop.run(self._asker.answers(questions)) if questions else []

    def _agreed(self, shown: str | None, swapped: str | None) -> Preference:
        if shown is None or swapped is None:
            return FAILED
        agree = _SIDES[shown] == _SWAPPED[swapped]
        self._pairs += 1
        self._consistent += agree
        return _SIDES[shown] if agree else "tie"


class LoopThread:
    """An event loop in its own thread, so that synchronous code can run coroutines on it.

    Callers may be in any thread, even in one that runs an event loop. The thread is a daemon and
    does not keep the process alive.
    """

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        """Until `close`."""
        return self._thread.is_alive()

    def run(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        """The coroutine's result, or what it raised; an interrupt of the caller cancels it."""
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def close(self) -> None:
        """Stop the loop and its thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
