"""Frames against the files and the numbers they come from."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_runs import FAITHFULNESS_SCORE, MASKED, values

from rl_explain.errors import UserError
from rl_explain.report.frames import cases, results


def test_results_of_a_run_are_its_metrics(run: Path) -> None:
    frame = results(run)
    assert list(frame.columns) == "data method seed metric value ci_low ci_high".split()
    assert set(frame["method"]) == {"sft", "ppo", "orpo", "oracle"}
    assert set(frame["seed"]) == {"0"}
    assert set(frame["data"]) == {"one"}
    ppo = frame[(frame["method"] == "ppo") & (frame["metric"] == FAITHFULNESS_SCORE)].squeeze()
    assert ppo["value"] == pytest.approx(values(0, 0.3).mean())
    assert ppo["ci_low"] < ppo["value"] < ppo["ci_high"]


def test_what_no_case_has_is_nan(run: Path) -> None:
    frame = results(run).set_index(["method", "metric"])
    assert np.isnan(frame.loc[("ppo", "causes/f1"), "value"])
    assert np.isnan(frame.loc[("ppo", "text/distinct_2"), "ci_low"])


def test_results_of_a_study_hold_each_seed_and_all_pooled(study: Path) -> None:
    frame = results(study)
    assert set(frame["data"]) == {"demo"}
    assert set(frame["method"]) == {"sft", "ppo", "ppo, no_faithfulness"}
    scores = frame[frame["metric"] == FAITHFULNESS_SCORE].set_index(["method", "seed"])["value"]
    assert scores["ppo", "0"] == pytest.approx(values(0, 0.2).mean())
    assert scores["ppo", "1"] == pytest.approx(values(1, 0.4).mean())
    both = np.concatenate([values(0, 0.2), values(1, 0.4)])
    assert scores["ppo", "pooled"] == pytest.approx(both.mean())
    assert ("ppo, no_faithfulness", "1") not in scores.index


def test_cases_of_a_run(run: Path) -> None:
    frame = cases(run)
    assert len(frame) == 4 * 6  # methods and explanations; the ranking sample is none
    ppo = frame[(frame["method"] == "ppo") & (frame["case"] == 3)].squeeze()
    assert ppo["history"] == ["A & B", "C"]
    assert ppo["cited"] == ["C"]
    assert ppo["completion"].startswith("ppo says")
    assert ppo[FAITHFULNESS_SCORE] == values(0, 0.3)[3]
    assert pd.isna(ppo[MASKED])
    assert "prompt" not in frame.columns


def test_cases_of_a_study_name_the_variant(study: Path) -> None:
    counts = cases(study).groupby(["method", "seed"]).size().to_dict()
    assert counts == {
        ("sft", "0"): 6,
        ("sft", "1"): 6,
        ("ppo", "0"): 6,
        ("ppo", "1"): 6,
        ("ppo, no_faithfulness", "0"): 6,
    }


@pytest.mark.parametrize("read", [results, cases])
def test_folders_without_results_say_what_to_do(read, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(UserError, match="neither a run nor a study"):
        read(tmp_path / "nowhere")
    (tmp_path / "demo" / "seed_0" / "sft").mkdir(parents=True)
    with pytest.raises(UserError, match="run its evaluate stage first"):
        read(tmp_path)
