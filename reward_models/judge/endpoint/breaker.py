"""A circuit breaker: when the endpoint stops answering, all calls wait instead of failing.

While it is closed, calls pass. After `failures` consecutive failures it opens: calls wait, and
after `pause` seconds one of them passes as a probe. An answered probe closes it; a failed one
starts the next pause. `give_up` seconds after it opened, every call raises. (Library breakers raise
at once while open and leave the waiting to the caller.)
"""

import asyncio
import logging
import time

from reward_models.judge.settings import BreakerSettings
from reward_models.judge.types import JudgeError

logger = logging.getLogger(__name__)


class EndpointDownError(JudgeError):
    """The endpoint has not answered for as long as the breaker waits."""


class Clock:
    """The clock of breaker and retries; tests replace it to avoid waiting."""

    def now(self) -> float:
        """Seconds since the epoch: a `Retry-After` may be a date."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """Wait, while other calls run."""
        await asyncio.sleep(seconds)


class Breaker:
    """The circuit breaker of one endpoint; for coroutines of one event loop."""

    def __init__(self, settings: BreakerSettings, clock: Clock, endpoint: str) -> None:
        self._settings, self._clock, self._endpoint = settings, clock, endpoint
        self._failures = 0
        self._last = ""
        self._opened: float | None = None
        self._probing = False
        self._changed = asyncio.Event()

    async def ready(self) -> bool:
        """Wait until a call may be sent; returns whether it is a probe.

        Raises:
            EndpointDownError: the endpoint has not answered for `give_up` seconds.
        """
        while self._opened is not None:
            if self._clock.now() - self._opened >= self._settings.give_up:
                raise EndpointDownError(self._message())
            if not self._probing:
                return await self._pause()
            await self._changed.wait()
        return False

    async def _pause(self) -> bool:
        """Wait; returns whether the call is a probe. A late answer may have closed the breaker."""
        self._probing = True
        try:
            await self._clock.sleep(self._settings.pause)
        except BaseException:
            self._leave_probe()
            raise
        return self._probing

    def succeeded(self) -> None:
        """A call was answered."""
        if self._opened is not None:
            seconds = self._clock.now() - self._opened
            logger.warning("judge %s answers again after %.0f s", self._endpoint, seconds)
        self._failures, self._opened = 0, None
        self._leave_probe()

    def failed(self, why: str, *, probe: bool) -> None:
        """A call was not answered."""
        self._failures += 1
        self._last = why
        if self._opened is None and self._failures >= self._settings.failures:
            self._opened = self._clock.now()
            logger.warning(
                "judge %s does not answer: %d calls in a row failed, the last one: %s. Waiting; "
                "one call every %g s tries again, for %g s at most",
                *(self._endpoint, self._failures, why),
                *(self._settings.pause, self._settings.give_up),
            )
        if probe:
            self._leave_probe()

    def abandoned(self, *, probe: bool) -> None:
        """A call ended without saying anything about the endpoint."""
        if probe:
            self._leave_probe()

    def _leave_probe(self) -> None:
        self._probing = False
        self._changed.set()
        self._changed = asyncio.Event()

    def _message(self) -> str:
        return (
            f"the judge {self._endpoint} has not answered for {self._settings.give_up:g} s, the "
            f"last failure: {self._last}. No explanation was scored in that time. Start again "
            "once it answers: answers so far are kept. breaker.give_up sets how long to wait."
        )
