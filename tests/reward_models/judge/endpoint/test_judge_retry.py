"""When calls are retried, and after how long; with a fake clock."""

import random
import time
from collections.abc import Callable
from email.utils import formatdate
from typing import Any

import pytest
from fake_clock import FakeClock
from scripted_server import Answer, chat, rated, refused
from tenacity import AsyncRetrying, RetryCallState

from reward_models.judge.endpoint.breaker import Clock, EndpointDownError
from reward_models.judge.endpoint.client import EndpointRefusedError
from reward_models.judge.endpoint.sender import FullJitter, retry_after
from reward_models.judge.settings import BreakerSettings, RetrySettings
from reward_models.types import FAILED


def test_waits_are_drawn_below_a_doubling_bound() -> None:
    settings = RetrySettings(first_wait=0.5, longest_wait=3)
    draws = random.Random(0)
    jitter = FullJitter(settings, draws)
    for failures, bound in [(1, 0.5), (2, 1), (3, 2), (4, 3), (2000, 3)]:
        state = RetryCallState(AsyncRetrying(), None, (), {})
        state.attempt_number = failures
        waits = [jitter(state) for _ in range(2000)]
        assert 0 <= min(waits) < bound * 0.01
        assert bound * 0.99 < max(waits) <= bound
        assert sum(waits) / 2000 == pytest.approx(bound / 2, rel=0.05)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, 0.0),
        ("7", 7.0),
        ("0.25", 0.25),
        (formatdate(1_000_030, usegmt=True), 30.0),
        (formatdate(999_000, usegmt=True), 0.0),
        ("-3", 0.0),
        ("soon", 0.0),
        ("", 0.0),
    ],
)
def test_retry_after_in_seconds_and_as_a_date(header: str | None, seconds: float) -> None:
    assert retry_after(header, now=1_000_000.0) == seconds


def in_turn(*answers: Answer) -> Callable[[dict[str, Any]], Answer]:
    waiting = list(answers)
    return lambda request: waiting.pop(0)


CUT = Answer(rated(3).body, cut=True)
BROKEN = Answer(b'{"choices": [')
EMPTY = Answer(b'{"choices": []}')
HTML = Answer(b"<html>busy</html>", headers={"Content-Type": "text/html"})


@pytest.mark.parametrize(
    "failure",
    [*(refused(s) for s in (408, 409, 429, 500, 502, 503, 529)), CUT, BROKEN, EMPTY, HTML],
)
def test_temporary_failures_are_retried(failure: Answer, serve, judge_at, case, clock) -> None:  # type: ignore[no-untyped-def]
    server = serve(in_turn(failure, failure, rated(3)))
    assert judge_at(server.url).rate([case("Yes.")]) == [3.0]
    assert len(server.requests) == 3
    assert len(clock.slept) == 2


@pytest.mark.parametrize("status", [400, 403, 413, 422])
def test_permanent_failures_are_not_retried(status: int, serve, judge_at, case, clock) -> None:  # type: ignore[no-untyped-def]
    server = serve(in_turn(refused(status), rated(3)))
    assert judge_at(server.url).rate([case("Yes."), case("No.")]).count(FAILED) == 1
    assert len(server.requests) == 2
    assert clock.slept == []


def test_an_endpoint_that_rejects_everything_is_an_error(serve, judge_at, case, clock) -> None:  # type: ignore[no-untyped-def]
    server = serve(lambda request: refused(400, "seed is not supported"))
    settings = {"retry": RetrySettings(concurrency=1), "breaker": BreakerSettings(failures=5)}
    judge = judge_at(server.url, **settings)
    with pytest.raises(EndpointRefusedError, match=r"rejected 5 calls in a row.*seed is not supp"):
        judge.rate([case(f"Yes {i}.") for i in range(9)])
    assert len(server.requests) == 5
    assert clock.slept == []


def test_single_rejections_are_failed_cases(serve, judge_at, case) -> None:  # type: ignore[no-untyped-def]
    def script(request: dict[str, Any]) -> Answer:
        return refused(400) if "bad" in request["messages"][1]["content"] else rated(3)

    settings = {"retry": RetrySettings(concurrency=1), "breaker": BreakerSettings(failures=2)}
    judge = judge_at(serve(script).url, **settings)
    assert (
        judge.rate([case(f"{i} {'bad' if i % 2 else 'good'}") for i in range(8)]) == [3, FAILED] * 4
    )


def test_a_rejected_probe_ends_an_outage(serve, judge_at, case, clock) -> None:  # type: ignore[no-untyped-def]
    server = serve(in_turn(refused(503), refused(503), refused(400), rated(2)))
    judge = judge_at(
        server.url,
        retry=RetrySettings(concurrency=1),
        breaker=BreakerSettings(failures=2, pause=10, give_up=30),
    )
    ratings = judge.rate([case("Yes 1."), case("Yes 2.")])
    assert sorted(map(str, ratings)) == ["2.0", "FAILED"]
    assert clock.passed < 20, "one pause"


def test_a_timeout_is_a_failure(serve, judge_at, case, clock) -> None:  # type: ignore[no-untyped-def]
    answers = iter([Answer(stall=True)])
    server = serve(lambda request: next(answers, rated(2)))
    judge = judge_at(server.url, retry=RetrySettings(timeout=0.5))
    assert judge.rate([case("Yes.")]) == [2.0]
    assert len(server.requests) == 1 + len(clock.slept) >= 2


def test_a_case_fails_after_its_last_attempt(serve, judge_at, case, clock) -> None:  # type: ignore[no-untyped-def]
    server = serve(lambda request: refused(500))
    judge = judge_at(server.url, retry=RetrySettings(attempts=4, first_wait=1))
    assert judge.rate([case("Yes.")]) == [FAILED]
    assert len(server.requests) == 4
    assert [wait <= bound for wait, bound in zip(clock.slept, (1, 2, 4), strict=True)] == [True] * 3


@pytest.mark.parametrize("header", ["30", formatdate(1_000_030, usegmt=True)])
def test_retry_after_is_waited_out(header: str, serve, judge_at, case) -> None:  # type: ignore[no-untyped-def]
    clock = FakeClock(1_000_000)
    server = serve(in_turn(refused(429, Retry_After=header), rated(4)))
    judge = judge_at(server.url, retry=RetrySettings(first_wait=0.5), clock=clock)
    assert judge.rate([case("Yes.")]) == [4.0]
    assert len(clock.slept) == 1
    assert 30 <= clock.passed <= 30.5


def test_waits_do_not_use_the_global_generator(serve, judge_at, case, clock) -> None:  # type: ignore[no-untyped-def]
    """Training seeds it and draws from it while the judge waits in its own thread."""
    server = serve(in_turn(refused(500), refused(429, Retry_After="1"), rated(3)))
    before = random.getstate()
    assert judge_at(server.url).rate([case("Yes.")]) == [3.0]
    assert len(clock.slept) == 2
    assert random.getstate() == before


def test_retry_after_applies_to_every_call(serve, judge_at, case) -> None:  # type: ignore[no-untyped-def]
    times: list[float] = []

    def script(request: dict[str, Any]) -> Answer:
        times.append(time.monotonic())
        return refused(429, Retry_After="0.6") if len(times) == 1 else rated(3)

    retry = RetrySettings(concurrency=1, first_wait=0.05)
    judge = judge_at(serve(script).url, retry=retry, clock=Clock())
    assert judge.rate([case(f"Yes {i}.") for i in range(4)]) == [3.0] * 4
    assert len(times) == 5
    assert min(times[1:]) - times[0] >= 0.6


def test_retry_after_of_a_probe_applies_to_the_next_one(serve, judge_at, case) -> None:  # type: ignore[no-untyped-def]
    """Two calls open the breaker; a third probes and must wait while a fourth waits to probe."""
    times: list[float] = []

    def script(request: dict[str, Any]) -> Answer:
        times.append(time.monotonic())
        if len(times) == 3:
            return refused(429, Retry_After="0.6")
        return refused(503) if len(times) < 3 else rated(3)

    judge = judge_at(
        serve(script).url,
        retry=RetrySettings(concurrency=2, first_wait=0.01),
        breaker=BreakerSettings(failures=1, pause=0.1, give_up=60),
        clock=Clock(),
    )
    assert judge.rate([case(f"Yes {i}.") for i in range(4)]) == [3.0] * 4
    assert times[3] - times[2] >= 0.6


def test_retry_after_of_a_last_attempt_applies_to_the_next_call(serve, judge_at, case) -> None:  # type: ignore[no-untyped-def]
    clock = FakeClock(1_000_000)
    server = serve(in_turn(refused(429, Retry_After="30"), rated(4)))
    retry = RetrySettings(concurrency=1, attempts=1, first_wait=0.5)
    judge = judge_at(server.url, retry=retry, clock=clock)
    assert judge.rate([case("Yes.")]) == [FAILED]
    assert judge.rate([case("No.")]) == [4.0]
    assert 30 <= clock.passed <= 31


def test_a_reply_cut_off_at_its_limit_is_sent_back(serve, judge_at, case) -> None:  # type: ignore[no-untyped-def]
    quoted = '{"reason": "It asks for rating: 4 and'
    cut = Answer(chat(quoted).body.replace(b'"stop"', b'"length"'))
    server = serve(in_turn(cut, rated(2)))
    assert judge_at(server.url).rate([case("Yes.")]) == [2.0]
    assert len(server.requests) == 2


@pytest.mark.parametrize("attempts", [1, 8])
def test_a_wait_beyond_give_up_is_an_error(attempts: int, serve, judge_at, case, clock) -> None:  # type: ignore[no-untyped-def]
    """Even at the last attempt: otherwise the next call would wait for a day."""
    server = serve(lambda request: refused(429, "come back later", Retry_After="86400"))
    retry = RetrySettings(concurrency=1, attempts=attempts)
    breaker = BreakerSettings(give_up=600)
    judge = judge_at(server.url, retry=retry, breaker=breaker)
    with pytest.raises(EndpointDownError, match=r"wait 86400 s.*come back later.*600 s"):
        judge.rate([case(f"Yes {i}.") for i in range(9)])
    assert len(server.requests) < 9
    assert clock.slept == []


def test_probes_do_not_count_as_attempts(serve, judge_at, case, clock) -> None:  # type: ignore[no-untyped-def]
    """Two attempts fail and open the breaker, eight probes fail, the ninth is answered."""
    answers = iter([refused(503)] * 10)
    server = serve(lambda request: next(answers, rated(3)))
    breaker = BreakerSettings(failures=2, pause=10, give_up=1000)
    judge = judge_at(server.url, retry=RetrySettings(attempts=3), breaker=breaker)
    assert judge.rate([case("Yes.")]) == [3.0]
    assert len(server.requests) == 11


def test_an_outage_pauses_all(serve, judge_at, case, clock, caplog) -> None:  # type: ignore[no-untyped-def]
    answers = iter([refused(503)] * 30)
    server = serve(lambda request: next(answers, rated(3)))
    judge = judge_at(
        server.url,
        retry=RetrySettings(concurrency=4, attempts=6),
        breaker=BreakerSettings(failures=5, pause=10, give_up=1000),
    )
    assert judge.rate([case(f"Yes {i}.") for i in range(12)]) == [3.0] * 12
    messages = [record.getMessage() for record in caplog.records]
    assert sum("does not answer" in message for message in messages) == 1
    assert sum("answers again after" in message for message in messages) == 1
    assert clock.passed >= 10 * 20, "most of the failures were probes, each after a pause"


def test_an_endpoint_that_stays_down_raises_instead_of_scoring(  # type: ignore[no-untyped-def]
    serve, judge_at, case, clock
) -> None:
    up = [rated(2)] * 3
    server = serve(lambda request: up.pop() if up else refused(503))
    retry = RetrySettings(concurrency=1)
    breaker = BreakerSettings(failures=5, pause=10, give_up=100)
    judge = judge_at(server.url, retry=retry, breaker=breaker)
    with pytest.raises(EndpointDownError, match="has not answered for 100 s"):
        judge.rate([case(f"Yes {i}.") for i in range(12)])
    calls = len(server.requests)
    up += [rated(3)] * 9
    again = judge_at(server.url, retry=retry, breaker=breaker)
    assert again.rate([case(f"Yes {i}.") for i in range(12)]) == [2.0] * 3 + [3.0] * 9
    assert len(server.requests) == calls + 9, "earlier answers are kept"


def test_an_unreadable_reply_is_sent_back_once(serve, judge_at, case) -> None:  # type: ignore[no-untyped-def]
    server = serve(in_turn(chat("It is good."), rated(2)))
    assert judge_at(server.url).rate([case("Yes.")]) == [2.0]
    first, second = (request["messages"] for request in server.requests)
    assert second[:2] == first
    assert second[2] == {"role": "assistant", "content": "It is good."}


def test_two_unreadable_replies_give_no_answer(serve, judge_at, case) -> None:  # type: ignore[no-untyped-def]
    server = serve(in_turn(chat("Good."), rated(5), rated(4)))
    judge = judge_at(server.url)
    assert judge.rate([case("Yes.")]) == [FAILED]
    assert len(server.requests) == 2
    assert judge.rate([case("Yes.")]) == [4.0], "failed cases are asked again"
