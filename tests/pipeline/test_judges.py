"""From a configuration to a judge; mistakes name the field and the fix."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from reward_models.context import RewardContext
from reward_models.judge.endpoint.budget import BudgetSpentError
from reward_models.judge.endpoint.judge import EndpointJudge
from reward_models.judge.ensemble import COMBINATIONS, Ensemble
from reward_models.judge.length_residual import LengthResidual
from rl_explain import Config
from rl_explain.cli import EXIT_USER_ERROR, main
from rl_explain.config.reader import to_yaml
from rl_explain.config.validation import validated
from rl_explain.errors import UserError
from rl_explain.pipeline.configuration import load_config
from rl_explain.pipeline.judges import CACHE, build_judge

KEY = "sk-a-very-secret-key"
ENDPOINT = {"model": "m", "base_url": "http://127.0.0.1:9/v1", "key_variable": "JUDGE_TEST_KEY"}


class Nothing:
    def score(self, histories: Any) -> np.ndarray:
        raise AssertionError("a judge asked the recommender")


CONTEXT = RewardContext(("A", "B"), (), Nothing())


def config(**judge: Any) -> Config:
    found: Config = validated(Config, {"judge": judge})
    return found


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUDGE_TEST_KEY", KEY)


def test_an_endpoint_keeps_its_answers_in_the_run_or_where_it_is_told(tmp_path: Path) -> None:
    judge = build_judge(config(kind="endpoint", endpoint=ENDPOINT).judge, CONTEXT, tmp_path)
    assert isinstance(judge, EndpointJudge)
    judge.close()
    assert (tmp_path / CACHE).is_file()
    elsewhere = config(kind="endpoint", endpoint=ENDPOINT, cache=str(tmp_path / "all.sqlite"))
    build_judge(elsewhere.judge, CONTEXT, tmp_path).close()  # type: ignore[attr-defined]
    assert (tmp_path / "all.sqlite").is_file()


@pytest.mark.parametrize("combine", sorted(COMBINATIONS))
def test_an_ensemble_of_members_without_their_length(combine: str, tmp_path: Path) -> None:
    member = {"kind": "endpoint", "endpoint": ENDPOINT}
    judge = build_judge(
        config(kind="ensemble", members=[member, member], combine=combine, length="batch").judge,
        CONTEXT,
        tmp_path,
    )
    assert isinstance(judge, LengthResidual)
    assert isinstance(judge._judge, Ensemble)


def test_the_resolved_configuration_reads_back_without_a_key(tmp_path: Path) -> None:
    member = {"kind": "endpoint", "endpoint": {**ENDPOINT, "extra_body": {"a": {"b": [1, None]}}}}
    made = config(kind="ensemble", members=[member], length="fitted", length_slope=0.02)
    text = to_yaml(made)
    assert KEY not in text
    assert "JUDGE_TEST_KEY" in text
    path = tmp_path / "config.yaml"
    path.write_text(text)
    assert load_config(path) == made


def test_overrides_reach_the_fields_of_the_endpoint(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump({"judge": {"endpoint": {"model": "m"}}}))
    found = load_config(
        path,
        ["judge.kind=endpoint", "judge.budget.calls=7", "judge.endpoint.extra_body.top_k=1"],
    ).judge
    assert (found.kind, found.budget.calls, found.endpoint.extra_body) == (
        "endpoint",
        7,
        {"top_k": 1},
    )


@pytest.mark.parametrize(
    ("judge", "message"),
    [
        ({"kind": "endpiont"}, r"unknown judge\.kind 'endpiont'\. Did you mean 'endpoint'"),
        ({"kind": "endpoint"}, r"judge\.endpoint\.model is not set"),
        ({"endpoint": {"modle": "m"}}, r"Did you mean 'judge\.endpoint\.model'"),
        (
            {"kind": "endpoint", "endpoint": {**ENDPOINT, "key_variable": KEY}},
            r"judge\.endpoint\.key_variable is not a name",
        ),
        (
            {"kind": "endpoint", "endpoint": ENDPOINT, "retry": {"timeout": 0}},
            r"judge\.retry\.timeout is 0",
        ),
        (
            {"kind": "endpoint", "endpoint": ENDPOINT, "budget": {"money": 2}},
            r"judge\.budget\.money is 2.*budget\.price_in",
        ),
        ({"kind": "ensemble"}, r"judge\.kind is ensemble with 0 judge\.members"),
        ({"members": [{}]}, r"judge\.kind is rubric with 1 judge\.members"),
        ({"kind": "ensemble", "members": [{}], "combine": "max"}, r"unknown judge\.combine 'max'"),
        ({"length": "fitted"}, r"judge\.length is fitted and judge\.length_slope is 0"),
        ({"length_slope": 0.1}, r"judge\.length is keep and judge\.length_slope is 0\.1"),
    ],
)
def test_mistakes_are_named(judge: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message) as error:
        config(**judge)
    assert KEY not in str(error.value)


def test_a_missing_key_and_another_file_are_mistakes_of_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = config(kind="endpoint", endpoint=ENDPOINT).judge
    (tmp_path / CACHE).write_text("some other file" * 100)
    with pytest.raises(
        UserError, match=r"judge\.cache is .*judge\.sqlite, which is not a judge's cache"
    ):
        build_judge(made, CONTEXT, tmp_path)
    monkeypatch.delenv("JUDGE_TEST_KEY")
    with pytest.raises(UserError, match=r"judge\.endpoint\.key_variable is JUDGE_TEST_KEY, which"):
        build_judge(made, CONTEXT, tmp_path)


def test_a_judge_that_stops_prints_its_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def spend(*_: object) -> None:
        raise BudgetSpentError("the judge's budget is spent")

    (tmp_path / "config.yaml").write_text(f"output_dir: {tmp_path / 'run'}")
    monkeypatch.setattr("rl_explain.pipeline.run.run_stages", spend)
    assert main(["run", str(tmp_path / "config.yaml")]) == EXIT_USER_ERROR
    assert capsys.readouterr().err == "rl-explain: the judge's budget is spent\n"
