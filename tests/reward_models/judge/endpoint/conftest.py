"""Judges for a small catalogue and a scripted endpoint."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fake_clock import FakeClock
from scripted_server import KEY, Script, Server, serving

from reward_models.judge.endpoint.judge import EndpointJudge
from reward_models.judge.settings import EndpointSettings, RetrySettings
from reward_models.judge.types import JudgeCase

TITLES = ("Crimson Harbor", "The Silent Tide", "Glass Comet", "Up")
ATTRIBUTES: list[dict[str, tuple[str, ...]]] = [
    {"genre": ("mystery", "maritime"), "year": ("1999",)},
    {"genre": ("mystery",)},
    {"genre": ()},
    {},
]


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("JUDGE_TEST_KEY", KEY)


@pytest.fixture
def case() -> Callable[..., JudgeCase]:
    def _case(text: str, **fields: Any) -> JudgeCase:
        return replace(JudgeCase(text, history=(0, 2), item=1, label="yes"), **fields)

    return _case


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def serve() -> Iterator[Callable[[Script], Server]]:
    with ExitStack() as stack:
        yield lambda script: stack.enter_context(serving(script))


@pytest.fixture
def judge_at(tmp_path: Path, clock: FakeClock) -> Iterator[Callable[..., EndpointJudge]]:
    """`judge_at(url, retry=..., endpoint fields)`; one cache for all of a test's judges."""
    with ExitStack() as stack:

        def _judge(url: str, **settings: Any) -> EndpointJudge:
            groups = {
                name: settings.pop(name)
                for name in ("retry", "budget", "breaker", "clock", "cache")
                if name in settings
            }
            endpoint = EndpointSettings(
                **{"model": "scripted", "key_variable": "JUDGE_TEST_KEY", **settings}, base_url=url
            )
            defaults = {
                "retry": RetrySettings(timeout=20),
                "clock": clock,
                "cache": tmp_path / "judge.sqlite",
            }
            judge = EndpointJudge(endpoint, TITLES, ATTRIBUTES, **(defaults | groups))
            return stack.enter_context(judge)

        yield _judge
