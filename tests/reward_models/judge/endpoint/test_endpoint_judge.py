"""The whole judge with a scripted endpoint."""

import asyncio
import json
import logging
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from scripted_server import KEY, Answer, chat, rated, refused

from reward_models.judge.endpoint.budget import MESSAGE_TOKENS, BudgetSpentError
from reward_models.judge.endpoint.client import EndpointRefusedError
from reward_models.judge.endpoint.judge import EndpointJudge
from reward_models.judge.settings import (
    BreakerSettings,
    BudgetSettings,
    EndpointSettings,
    RetrySettings,
)
from reward_models.types import FAILED


def by_text(levels: dict[str, int]) -> Callable[[dict[str, Any]], Any]:
    """Rates by words in the message."""

    def script(request: dict[str, Any]) -> Any:
        content = request["messages"][1]["content"]
        return rated(next(level for word, level in levels.items() if word in content))

    return script


def by_side(verdict: Callable[[str, str], str]) -> Callable[[dict[str, Any]], Any]:
    """Compares by a function of the two texts as shown."""

    def script(request: dict[str, Any]) -> Any:
        lines = request["messages"][1]["content"].split("\n")
        texts = [
            lines[lines.index(line) + 1]
            for name in ("<first-explanation-", "<second-explanation-")
            for line in lines
            if line.startswith(name)
        ]
        return chat(json.dumps({"better": verdict(*texts)}))

    return script


def test_ratings_are_in_the_order_of_the_cases(serve, judge_at, case) -> None:  # type: ignore[no-untyped-def]
    server = serve(by_text({"poor": 1, "fair": 2, "fine": 3}))
    judge = judge_at(server.url)
    assert judge.rate([case("fine"), case("poor"), case("fair"), case("poor")]) == [3, 1, 2, 1]
    assert judge.rate([]) == []
    assert judge.prefer([]) == []


def test_the_request_contains_the_settings(serve, judge_at, case) -> None:  # type: ignore[no-untyped-def]
    server = serve(lambda request: rated(3))
    judge_at(server.url, seed=5, extra_body={"top_k": 1}).rate([case("Yes.")])
    judge_at(
        server.url, temperature=None, seed=None, max_tokens=9, token_field="max_completion_tokens"
    ).rate([case("Yes.")])
    first, second = server.requests
    assert first["path"] == "/v1/chat/completions"
    fields = {name: first[name] for name in ("model", "temperature", "seed", "max_tokens", "top_k")}
    assert fields == {
        **{"model": "scripted", "temperature": 0, "seed": 5, "max_tokens": 300, "top_k": 1}
    }
    assert second["max_completion_tokens"] == 9
    assert not {"temperature", "seed", "max_tokens", "top_k"} & second.keys()


def test_each_case_is_asked_once(serve, judge_at, case, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    server = serve(lambda request: rated(3))
    judge = judge_at(server.url)
    assert judge.rate([case("Yes.")] * 50) == [3.0] * 50
    assert judge.rate([case("Yes.")]) == [3.0]
    assert len(server.requests) == 1
    assert judge_at(server.url).rate([case("Yes.")]) == [3.0], "another judge, the same cache"
    assert len(server.requests) == 1


def test_concurrent_batches_share_calls_in_flight(serve, judge_at, case) -> None:  # type: ignore[no-untyped-def]
    both_wait = threading.Barrier(2)
    server = serve(lambda request: rated(3))
    judge = judge_at(server.url, retry=RetrySettings(concurrency=2))
    cases = [case(f"Yes {i}.") for i in range(60)]
    results: list[list[Any]] = []

    def rate() -> None:
        both_wait.wait()
        results.append(judge.rate(cases))

    threads = [threading.Thread(target=rate) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [[3.0] * 60] * 2
    assert len(server.requests) == 60


SHAPING = [
    {"model": "other"},
    {"temperature": 0.5},
    {"temperature": None},
    {"seed": 1},
    {"max_tokens": 50},
    {"token_field": "max_completion_tokens"},
    {"extra_body": {"top_k": 1}},
    {"told_verdict": False},
]


@pytest.mark.parametrize("change", SHAPING, ids=str)
def test_settings_that_change_the_answer_are_in_the_key(change, serve, judge_at, case) -> None:  # type: ignore[no-untyped-def]
    server = serve(lambda request: rated(3))
    judge_at(server.url).rate([case("Yes.")])
    judge_at(server.url, **change).rate([case("Yes.")])
    assert len(server.requests) == 2


def test_case_address_and_wording_are_in_the_key(  # type: ignore[no-untyped-def]
    serve, judge_at, case, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, other = serve(lambda request: rated(3)), serve(lambda request: rated(4))
    one = case("Yes.")
    others = [
        replace(one, text="No."),
        replace(one, history=(2, 0)),
        replace(one, item=3),
        replace(one, label="no"),
    ]
    judge_at(server.url).rate([one, *others])
    assert len(server.requests) == 5
    assert judge_at(other.url).rate([one]) == [4.0], "another port"
    for changed in (("127.0.0.1", "localhost"), ("/v1", "/other/v1")):
        judge_at(server.url.replace(*changed)).rate([one])
    assert len(server.requests) == 7
    monkeypatch.setattr("reward_models.judge.endpoint.wording.VERSION", "next")
    judge_at(server.url).rate([one])
    assert len(server.requests) == 8


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://Judge.example/v1", "judge.example/v1"),
        ("http://judge.example:8001/v1/", "judge.example:8001/v1"),
        ("http://judge.example:8002/v1", "judge.example:8002/v1"),
        ("http://localhost:8000/v1", "localhost:8000/v1"),
    ],
)
def test_an_address_is_host_port_and_path(url: str, address: str) -> None:
    assert EndpointSettings(base_url=url, model="m", key_variable=None).address == address


def test_concurrency_is_limited(serve, judge_at, case) -> None:  # type: ignore[no-untyped-def]
    server = serve(lambda request: rated(3))
    judge = judge_at(server.url, retry=RetrySettings(concurrency=3))
    judge.rate([case(f"Yes {i}.") for i in range(40)])
    assert server.most_in_flight <= 3


def test_a_preference_that_survives_the_swap_counts(serve, judge_at, case) -> None:  # type: ignore[no-untyped-def]
    server = serve(by_side(lambda a, b: "first" if len(a) > len(b) else "second"))
    judge = judge_at(server.url)
    pairs = [(case("long text"), case("short")), (case("short"), case("long text"))]
    assert judge.prefer(pairs) == ["first", "second"]
    assert judge.summary()["position_consistency"] == 1
    assert len(server.requests) == 2, "a pair and its swap ask the same two questions"


@pytest.mark.parametrize("position", ["first", "second"])
def test_a_preference_for_a_position_is_a_tie(position: str, serve, judge_at, case) -> None:  # type: ignore[no-untyped-def]
    judge = judge_at(serve(by_side(lambda a, b: position)).url)
    assert judge.prefer([(case("a"), case("b"))]) == ["tie"]
    assert judge.summary()["position_consistency"] == 0


def test_consistency_is_a_share_of_pairs_and_counts_agreeing_ties(serve, judge_at, case) -> None:  # type: ignore[no-untyped-def]
    def verdict(a: str, b: str) -> str:
        return "tie" if "even" in a + b else "first"

    judge = judge_at(serve(by_side(verdict)).url)
    assert "position_consistency" not in judge.summary()
    assert judge.prefer([(case("even"), case("b")), (case("c"), case("d"))]) == ["tie", "tie"]
    assert judge.summary()["position_consistency"] == 0.5


def test_a_pair_with_one_missing_answer_fails(serve, judge_at, case) -> None:  # type: ignore[no-untyped-def]
    def script(request: dict[str, Any]) -> Any:
        shown = request["messages"][1]["content"]
        return chat('{"better": "first"}') if shown.index("aaa") < shown.index("bbb") else chat("?")

    judge = judge_at(serve(script).url)
    assert judge.prefer([(case("aaa"), case("bbb"))]) == [FAILED]
    assert "position_consistency" not in judge.summary()


def test_it_can_be_called_inside_a_running_event_loop(serve, judge_at, case) -> None:  # type: ignore[no-untyped-def]
    judge = judge_at(serve(lambda request: rated(3)).url)

    async def main() -> Any:
        return judge.rate([case("Yes.")])

    assert asyncio.run(main()) == [3.0]


def test_an_interrupt_cancels_the_calls(serve, judge_at, case) -> None:  # type: ignore[no-untyped-def]
    answers = [rated(3), Answer(stall=True)]
    server = serve(lambda request: answers[-1])
    judge = judge_at(server.url)
    me = threading.get_ident()

    def interrupt() -> None:
        while not server.requests:
            time.sleep(0.001)
        signal.pthread_kill(me, signal.SIGINT)

    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        judge.rate([case("Yes.")])
    answers.pop()
    assert judge.rate([case("Yes.")]) == [3.0]
    assert judge.summary()["calls"] == 2


def test_the_budget_is_a_hard_limit_and_paid_answers_are_kept(serve, judge_at, case) -> None:  # type: ignore[no-untyped-def]
    server = serve(lambda request: rated(3))
    cases = [case(f"Yes {i}.") for i in range(30)]
    for _ in range(2):  # also after a restart
        judge = judge_at(server.url, budget=BudgetSettings(calls=10))
        with pytest.raises(BudgetSpentError, match=r"budget\.calls is 10, 10 are spent"):
            judge.rate(cases)
        assert len(server.requests) == 10
    raised = judge_at(server.url, budget=BudgetSettings(calls=30))
    assert raised.rate(cases) == [3.0] * 30
    assert len(server.requests) == 30
    assert raised.summary() == {"calls": 30, "tokens_in": 3000, "tokens_out": 300, "money": 0}


def test_money_follows_the_endpoints_token_counts(serve, judge_at, case) -> None:  # type: ignore[no-untyped-def]
    """100 tokens in at 2 per million and 10 out at 10 per million cost 0.0003 per call."""
    server = serve(lambda request: rated(3))
    judge = judge_at(server.url, budget=BudgetSettings(money=0.05, price_in=2, price_out=10))
    with pytest.raises(BudgetSpentError, match=r"budget\.money is 0\.05"):
        judge.rate([case(f"Yes {i}.") for i in range(200)])
    spent = judge.summary()
    assert spent["money"] == pytest.approx(0.0003 * len(server.requests))
    assert 0.03 < spent["money"] <= 0.05


def test_uncounted_tokens_are_charged_at_their_maximum(serve, judge_at, case) -> None:  # type: ignore[no-untyped-def]
    judge = judge_at(serve(lambda request: chat('{"rating": 3}', tokens=None)).url, max_tokens=77)
    judge.rate([case("Yes.")])
    assert judge.summary()["tokens_out"] == 77
    assert judge.summary()["tokens_in"] > 1000


@pytest.mark.parametrize(
    ("failure", "billed"),
    [
        (Answer(stall=True), True),
        (Answer(rated(3).body, cut=True), True),
        (Answer(b"<html>busy</html>"), True),
        (Answer(b'{"choices": [], "usage": {"prompt_tokens": "5"}}'), True),
        (refused(502), True),
        (refused(504), True),
        (refused(429), False),
        (refused(503), False),
    ],
)
def test_calls_that_may_have_been_processed_are_charged_at_their_maximum(  # type: ignore[no-untyped-def]
    failure, billed, serve, judge_at, case
) -> None:
    answers = iter([failure])
    server = serve(lambda request: next(answers, chat('{"rating": 4}', (100, 10))))
    retry = RetrySettings(timeout=0.5, first_wait=0.01)
    judge = judge_at(server.url, retry=retry, max_tokens=64)
    assert judge.rate([case("Yes.")]) == [4.0]
    summary = judge.summary()
    assert summary["calls"] == 2
    prompt = sum(len(m["content"].encode()) for m in server.requests[0]["messages"])
    most = prompt + MESSAGE_TOKENS + 64
    assert summary["tokens_in"] + summary["tokens_out"] == 110 + billed * most


@pytest.mark.parametrize("status", [200, 429, 500, 504])
@pytest.mark.parametrize("body", [{"choices": []}, {"error": {"message": "no"}}])
def test_tokens_counted_by_a_failed_call_are_charged(status, body, serve, judge_at, case) -> None:  # type: ignore[no-untyped-def]
    usage = {"prompt_tokens": 30, "completion_tokens": 4}
    answers = iter([Answer(json.dumps({**body, "usage": usage}).encode(), status)])
    server = serve(lambda request: next(answers, chat('{"rating": 4}', (100, 10))))
    judge = judge_at(server.url)
    assert judge.rate([case("Yes.")]) == [4.0]
    assert judge.summary() == {"calls": 2, "tokens_in": 130, "tokens_out": 14, "money": 0}


@pytest.mark.parametrize("usage", ['"many"', '{"prompt_tokens": "5", "completion_tokens": -1}'])
def test_invalid_counts_are_charged_at_their_maximum(usage, serve, judge_at, case) -> None:  # type: ignore[no-untyped-def]
    body = chat('{"rating": 3}', tokens=None).body[:-1] + f', "usage": {usage}}}'.encode()
    judge = judge_at(serve(lambda request: Answer(body)).url, max_tokens=77)
    assert judge.rate([case("Yes.")]) == [3.0]
    assert judge.summary()["tokens_out"] == 77


@pytest.mark.parametrize("status", [401, 402, 404])
def test_a_refusal_raises_at_once(status: int, serve, judge_at, case) -> None:  # type: ignore[no-untyped-def]
    server = serve(lambda request: refused(status))
    with pytest.raises(
        EndpointRefusedError, match=r"endpoint\.model \('scripted'\).*JUDGE_TEST_KEY"
    ):
        judge_at(server.url, retry=RetrySettings(concurrency=1)).rate(
            [case(f"Yes {i}.") for i in range(9)]
        )
    assert len(server.requests) == 1


def test_calls_in_flight_at_an_error_are_awaited_and_kept(serve, judge_at, case, clock) -> None:  # type: ignore[no-untyped-def]
    def script(request: dict[str, Any]) -> Any:
        bad = "bad" in request["messages"][1]["content"]
        return refused(401) if bad else replace(rated(3), delay=0.05)

    server = serve(script)
    judge = judge_at(server.url)
    with pytest.raises(EndpointRefusedError):
        judge.rate([case("bad"), case("good")])
    judge.close()
    assert judge_at(server.url).rate([case("good")]) == [3.0]
    assert len(server.requests) == 2


def test_the_key_is_sent_and_never_shown(  # type: ignore[no-untyped-def]
    serve, judge_at, case, caplog, capfd, tmp_path: Path
) -> None:
    """The endpoint repeats the key in every message, and all logs are on."""
    caplog.set_level(logging.DEBUG)
    script = iter([refused(500, f"key {KEY}"), rated(3), refused(401, f"wrong key {KEY}")])
    server = serve(lambda request: next(script))
    judge = judge_at(server.url, breaker=BreakerSettings(failures=1, pause=1))
    judge.rate([case("Yes.")])
    with pytest.raises(EndpointRefusedError) as refusal:
        judge.rate([case("No.")])
    assert [headers["authorization"] for headers in server.headers] == [f"Bearer {KEY}"] * 3
    assert "wrong key ***" in str(refusal.value)
    assert "last one: status 500" in caplog.text and "***" in caplog.text
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"scripted at 127.0.0.1" in written
    out, err = capfd.readouterr()
    for text in (caplog.text, str(refusal.value), repr(refusal.value), out, err, repr(vars(judge))):
        assert KEY not in text
    assert KEY.encode() not in written
    assert b"Yes." not in written, "the judged text is not stored either"


def test_without_key_variable_no_key_is_read(  # type: ignore[no-untyped-def]
    serve, judge_at, case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    server = serve(lambda request: rated(3))
    judge_at(server.url, key_variable=None).rate([case("Yes.")])
    assert KEY not in str(server.headers)


def test_the_error_for_a_missing_key_names_its_variable(  # type: ignore[no-untyped-def]
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("JUDGE_TEST_KEY")
    settings = EndpointSettings(model="m", key_variable="JUDGE_TEST_KEY")
    with pytest.raises(ValueError, match="export JUDGE_TEST_KEY"):
        EndpointJudge(settings, ("A",), (), tmp_path / "c.sqlite")


WORD = "hf_SecretTokenAbc123"
"""A key that could be the name of a variable, if names had small letters."""


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (EndpointSettings(), r"endpoint\.model is not set"),
        (EndpointSettings(model="m", base_url="ftp://h"), r"endpoint\.base_url is 'ftp://h'"),
        (EndpointSettings(model="m", base_url="h/v1"), r"endpoint\.base_url is 'h/v1'"),
        (EndpointSettings(model="m", base_url=f"http://u:{KEY}@h"), r"base_url contains a user"),
        (EndpointSettings(model="m", base_url=f"http://h/?k={KEY}"), r"base_url contains a user"),
        (EndpointSettings(model="m", key_variable=KEY), r"key_variable is not a name"),
        (EndpointSettings(model="m", key_variable=WORD), r"key_variable is not a name"),
        (EndpointSettings(model="m", temperature=-1), r"endpoint\.temperature is -1"),
        (EndpointSettings(model="m", max_tokens=0), r"endpoint\.max_tokens is 0"),
        (EndpointSettings(model="m", token_field="max"), r"token_field is 'max'"),
        (EndpointSettings(model="m", extra_body={"n": 2}), r"extra_body has 'n'"),
        (RetrySettings(concurrency=0), r"retry\.concurrency is 0"),
        (RetrySettings(attempts=0), r"retry\.attempts is 0"),
        (BudgetSettings(calls=0), r"budget\.calls is 0"),
        (BudgetSettings(money=3), r"budget\.money is 3, but no prices are set"),
        (BudgetSettings(price_in=-1), r"budget\.price_in is -1"),
        (BreakerSettings(pause=10, give_up=5), r"breaker\.pause is 10.*breaker\.give_up, 5"),
    ],
)
def test_errors_name_invalid_settings(settings: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message) as error:
        settings.check()
    assert WORD not in str(error.value)
    assert KEY not in str(error.value)
