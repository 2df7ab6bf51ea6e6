"""A clock that advances only by sleeping."""

import asyncio

from reward_models.judge.endpoint.breaker import Clock


class FakeClock(Clock):
    """Sleepers wake in the order of their times, without real waiting."""

    def __init__(self, start: float = 1_000_000.0) -> None:
        self.start = self.time = start
        self.slept: list[float] = []

    @property
    def passed(self) -> float:
        return self.time - self.start

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        wakes = self.time + seconds
        await asyncio.sleep(0)
        self.time = max(self.time, wakes)
