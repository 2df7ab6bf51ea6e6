"""Gets answers from cache or endpoint, each question asked once.

A question's key is a digest of everything that shapes its answer: the request's fields (model,
messages, and with them fenced texts and the order of a pair; temperature, seed, limit of tokens,
extra fields), the endpoint's address without its scheme (`EndpointSettings.address`) and the
wording's version.
"""

import asyncio
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from reward_models.judge import wording
from reward_models.judge.breaker import Breaker
from reward_models.judge.budget import Budget
from reward_models.judge.cache import Cache, Spent
from reward_models.judge.client import Client
from reward_models.judge.clock import Clock
from reward_models.judge.messages import Question
from reward_models.judge.sender import Sender
from reward_models.judge.settings import (
    BreakerSettings,
    BudgetSettings,
    EndpointSettings,
    RetrySettings,
)


class Asking:
    """Asks one endpoint; to be made and used on one event loop.

    Args:
        cache: path of the file that keeps answers and spending.

    Raises:
        ValueError: a setting that cannot work, or a key that is not set.
    """

    def __init__(
        self,
        endpoint: EndpointSettings,
        retry: RetrySettings,
        budget: BudgetSettings,
        breaker: BreakerSettings,
        cache: Path,
        clock: Clock,
    ) -> None:
        self._address = endpoint.address
        name = f"{endpoint.model} at {endpoint.address}"
        self._client = Client(endpoint, retry.timeout, clock)
        self._cache = Cache(cache, name)
        self._sender = Sender(
            self._client,
            Budget(budget, self._cache),
            Breaker(breaker, clock, name),
            retry,
            clock,
            reply_tokens=endpoint.max_tokens,
            longest=breaker.give_up,
            rejections=breaker.failures,
        )
        self._asked: dict[str, asyncio.Task[str | None]] = {}

    async def answers(self, questions: Sequence[Question]) -> list[str | None]:
        """An answer for each question, `None` where there is none.

        Raises:
            JudgeError: the judge cannot go on; calls that were in flight are waited for and kept.
        """
        keys = [self.key(question) for question in questions]
        wanted = dict(zip(keys, questions, strict=True))
        known: dict[str, str | None] = dict(self._cache.read(list(wanted)))
        tasks = {key: self._task(key, wanted[key]) for key in wanted if key not in known}
        if tasks:
            await _all_done(list(tasks.values()))
        if any(task.cancelled() for task in tasks.values()):
            return await self.answers(questions)  # an interrupted batch had asked them too
        known.update((key, task.result()) for key, task in tasks.items())
        return [known[key] for key in keys]

    def key(self, question: Question) -> str:
        """Digest of what shapes the answer."""
        shaping: dict[str, Any] = {
            "request": self._client.request(question.messages),
            "address": self._address,
            "wording": wording.VERSION,
        }
        return hashlib.sha256(json.dumps(shaping, sort_keys=True).encode()).hexdigest()

    def spent(self) -> Spent:
        """What this judge has spent since its cache was made."""
        return self._cache.spent()

    async def close(self) -> None:
        """Close connections and cache."""
        await self._client.close()
        self._cache.close()

    def _task(self, key: str, question: Question) -> asyncio.Task[str | None]:
        """The one task that asks a question, also when several batches wait for it."""
        if key not in self._asked:
            self._asked[key] = asyncio.create_task(self._ask(key, question))
            self._asked[key].add_done_callback(lambda _: self._asked.pop(key))
        return self._asked[key]

    async def _ask(self, key: str, question: Question) -> str | None:
        """The answer; a reply that cannot be read is sent back once."""
        for _ in range(2):
            reply = await self._sender.send(question.messages)
            if reply is None:
                return None
            answer = question.read(reply.text)
            if answer is not None:
                self._cache.add(key, answer, reply.text)
                return answer
            question = question.repair(reply.text)
        return None


async def _all_done(tasks: Sequence[asyncio.Task[str | None]]) -> None:
    """Wait for every task, also when one raises: the others may have been paid for."""
    with tqdm(total=len(tasks), desc="judge", leave=False, disable=None) as progress:
        for task in tasks:
            task.add_done_callback(lambda _: progress.update())
        await asyncio.gather(*tasks, return_exceptions=True)
