"""An endpoint that stops answering, and recovers or does not."""

import asyncio
import logging

import pytest
from fake_clock import FakeClock

from reward_models.judge.endpoint.breaker import Breaker, EndpointDownError
from reward_models.judge.settings import BreakerSettings

SETTINGS = BreakerSettings(failures=3, pause=10, give_up=60)


def opened(clock: FakeClock) -> Breaker:
    breaker = Breaker(SETTINGS, clock, "m at h")
    for _ in range(3):
        breaker.failed("status 500: no", probe=False)
    return breaker


def test_it_opens_after_failures_in_a_row(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> list[bool]:
        breaker = Breaker(SETTINGS, FakeClock(), "m at h")
        for outcome in "ffsff":
            if outcome == "s":
                breaker.succeeded()
            else:
                breaker.failed("cut", probe=False)
        before = await breaker.ready()
        breaker.failed("status 500: no", probe=False)
        return [before, await breaker.ready()]

    assert asyncio.run(run()) == [False, True]
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "m at h does not answer: 3 calls in a row" in record.getMessage()
    assert "status 500: no" in record.getMessage()


def test_one_probe_at_a_time_and_all_resume_when_it_is_answered() -> None:
    async def run() -> tuple[list[str], float]:
        clock = FakeClock()
        breaker, events = opened(clock), []

        async def call(name: str) -> None:
            probe = await breaker.ready()
            events.append(f"{name} {'probes' if probe else 'passes'} at {clock.passed:.0f}")
            await asyncio.sleep(0.001)
            breaker.succeeded()

        await asyncio.gather(*(call(name) for name in "abc"))
        return events, clock.passed

    events, passed = asyncio.run(run())
    assert events == ["a probes at 10", "b passes at 10", "c passes at 10"]
    assert passed == 10


def test_failed_probes_start_new_pauses_until_it_gives_up() -> None:
    async def run() -> list[float]:
        clock = FakeClock()
        breaker, probes = opened(clock), []
        with pytest.raises(EndpointDownError, match=r"m at h has not answered for 60 s.*cut"):
            while True:
                assert await breaker.ready()
                probes.append(clock.passed)
                breaker.failed("cut", probe=True)
        with pytest.raises(EndpointDownError):
            await breaker.ready()
        return probes

    assert asyncio.run(run()) == [10, 20, 30, 40, 50, 60]


def test_late_failures_do_not_end_a_probe_and_late_answers_close_it() -> None:
    async def run() -> list[bool]:
        clock = FakeClock()
        breaker = opened(clock)
        probe = await breaker.ready()
        breaker.failed("late", probe=False)
        second = asyncio.create_task(breaker.ready())
        await asyncio.sleep(0.001)
        still_waiting = not second.done()
        breaker.succeeded()
        return [probe, still_waiting, not await second]

    assert asyncio.run(run()) == [True, True, True]


def test_an_answer_during_the_pause_leaves_no_probe() -> None:
    async def run() -> bool:
        breaker = opened(FakeClock())
        waiting = asyncio.create_task(breaker.ready())
        await asyncio.sleep(0)
        breaker.succeeded()
        return await waiting

    assert asyncio.run(run()) is False


def test_an_abandoned_probe_makes_room_for_the_next() -> None:
    async def run() -> bool:
        breaker = opened(FakeClock())
        breaker.abandoned(probe=await breaker.ready())
        return await breaker.ready()

    assert asyncio.run(run()) is True
