"""What a study will cost: against the sum of the forecasts of its stages."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from rl_explain.cli import main
from rl_explain.errors import UserError
from rl_explain.studies import forecast
from rl_explain.studies.compare import compare
from rl_explain.studies.plan import planned
from rl_explain.studies.study import Study, load_study

SECONDS = {"prepare": 1.0, "recommender": 10.0, "sft": 30.0, "ppo": 50.0, "evaluate": 5.0}


def study(folder: Path) -> Study:
    (folder / "data.yaml").write_text("evaluation: {methods: [base, sft, ppo]}\n")
    values = {
        "output_dir": str(folder / "out"),
        "configs": {"demo": str(folder / "data.yaml")},
        "seeds": [0, 1],
        "stages": "prepare recommender tasks sft ppo evaluate".split(),
        "controls": {"plain": ["rewards.weights.faithfulness=0"]},
    }
    (folder / "study.yaml").write_text(yaml.safe_dump(values))
    return load_study(folder / "study.yaml")


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Callable[[Study], list[list[str]]]:
    monkeypatch.setattr(forecast, "expected_seconds", lambda config: {"tasks": 4.0} | SECONDS)
    return lambda study: [
        line.split() for line in forecast.forecast_table(list(planned(study)), 2).splitlines()
    ]


def test_shared_and_finished_stages_take_no_time(
    tmp_path: Path,
    table: Callable[[Study], list[list[str]]],
    light_stages: Callable,
) -> None:
    before = {row[0]: row[1:] for row in table(study(tmp_path))}
    assert before["demo/seed_0"][:2] == ["100", "s"]
    assert before["demo/seed_0-plain"] == ["55", "s", "ppo,", "evaluate"]
    assert before["all"] == ["5", "min", "3", "min", "with", "processes=2"]
    assert table(load_study(tmp_path / "study.yaml", ["seeds=[0]", "controls={}"]))[-1][3] == "100"
    light_stages(lambda *_: 0.5)
    compare(load_study(tmp_path / "study.yaml", ["seeds=[0]"]))
    after = {row[0]: row[1:] for row in table(study(tmp_path))}
    assert after["demo/seed_0"] == after["demo/seed_0-plain"] == ["0", "s", "none"]
    assert after["demo/seed_1"][:2] == ["100", "s"]


def test_the_command_performs_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study(tmp_path)
    assert main(["compare", str(tmp_path / "study.yaml"), "--dry-run"]) == 0
    assert "demo/seed_1-plain" in capsys.readouterr().out
    assert not (tmp_path / "out").exists()


def test_data_that_are_not_there_are_told(tmp_path: Path) -> None:
    given = study(tmp_path)
    (tmp_path / "data.yaml").write_text(f"data: {{format: movielens, path: {tmp_path}}}\n")
    with pytest.raises(UserError, match=r"there is no file .*ratings"):
        forecast.forecast_table(list(planned(given)), 1)
