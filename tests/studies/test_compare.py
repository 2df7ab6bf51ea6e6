"""A whole comparison on stages that take no time: what ran, what failed, what was found."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from light_runs import perform_by, write_results

from rl_explain.cli import main
from rl_explain.errors import UserError
from rl_explain.pipeline.run import Run
from rl_explain.pipeline.table import STAGES
from rl_explain.studies.compare import compare
from rl_explain.studies.report import pairs_of
from rl_explain.studies.study import Study, load_study

FAITHFULNESS_SCORE = "faithfulness/score"
GAINS = {"base": -0.1, "sft": 0.0, "ppo": 0.3, "dpo": 0.1}


def study(folder: Path, **more: Any) -> Study:
    (folder / "data.yaml").write_text("evaluation: {methods: [base, sft, ppo, dpo]}\n")
    names = "prepare recommender tasks sft pairs ppo dpo evaluate".split()
    values = {
        "output_dir": str(folder / "out"),
        "configs": {"demo": str(folder / "data.yaml")},
        "seeds": [0, 1],
        "stages": names,
    }
    (folder / "study.yaml").write_text(yaml.safe_dump(values | more))
    return load_study(folder / "study.yaml")


def gain(run: Run, method: str, metric: str) -> float:
    changed = "faithfulness" in run.config.rewards.weights and metric == FAITHFULNESS_SCORE
    return 0.5 + GAINS[method] * (run.config.rewards.weights.get("faithfulness", 0) > 0) * changed


def rows(path: Path, **wanted: str) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return [r for r in csv.DictReader(file) if all(r[k] == v for k, v in wanted.items())]


def fail(monkeypatch: pytest.MonkeyPatch, seed: int, stage: str, message: str) -> None:
    light = STAGES[stage].perform

    def failing(run: Run, folder: Path) -> Any:
        if run.config.seed == seed:
            raise RuntimeError(message)
        return light(run, folder)

    perform_by(monkeypatch, stage, failing)


def test_a_stage_that_fails_takes_what_reads_it_and_no_more(
    tmp_path: Path, light_stages: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    performed = light_stages(gain)
    fail(monkeypatch, 1, "pairs", "no\nroom")
    report = compare(study(tmp_path)).read_text()
    assert ("seed_1", "ppo") in performed
    assert ("seed_1", "dpo") not in performed
    assert "- demo/seed_1, stage pairs: RuntimeError: no room" in report
    assert "- demo/seed_1, stage dpo: it reads the stage pairs, which failed." in report
    assert "Some seeds lack these methods; the seeds that have them:\n\n- dpo: 0\n" in report
    found = {r["method"]: r for r in rows(tmp_path / "out" / "differences.csv", seed="pooled",
                                          metric=FAITHFULNESS_SCORE, against="sft")}  # fmt: skip
    assert {m: r["users"] for m, r in found.items()} == {"ppo": "80", "dpo": "40"}
    entries = json.loads((tmp_path / "out" / "study.json").read_text())["runs"]
    assert [list(run["failures"]) for run in entries] == [[], ["pairs", "dpo"]]


def test_a_seed_that_fails_wholly_is_named_and_the_other_stands(
    tmp_path: Path, light_stages: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    light_stages(gain)
    fail(monkeypatch, 0, "prepare", "gone")
    compare(study(tmp_path))
    assert {r["seed"] for r in rows(tmp_path / "out" / "results.csv")} == {"1", "pooled"}


def test_the_second_call_repeats_the_evaluation_alone(
    tmp_path: Path, light_stages: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    performed = light_stages(gain)
    with monkeypatch.context() as once:
        fail(once, 1, "ppo", "cold")
        compare(study(tmp_path))
    performed.clear()
    assert "# Failed" not in compare(study(tmp_path)).read_text()
    assert performed == [("seed_0", "evaluate"), ("seed_1", "ppo"), ("seed_1", "evaluate")]


def test_other_settings_in_a_study_are_told_once(tmp_path: Path, light_stages: Callable) -> None:
    light_stages(gain)
    compare(study(tmp_path, seeds=[0]))
    changed = study(tmp_path, seeds=[0, 1], overrides=["recommender.dim=8"])
    report = compare(changed).read_text()
    failed = [line for line in report.splitlines() if line.startswith("- demo/seed_0")]
    assert len(failed) == 1
    assert "recommender was made with other values of recommender.dim" in failed[0]


def test_differences_are_those_that_were_planted(tmp_path: Path, light_stages: Callable) -> None:
    light_stages(gain)
    controls = {"no_faithfulness": ["rewards.weights.faithfulness=0"]}
    text = compare(study(tmp_path, controls=controls)).read_text()
    found = {
        (r["method"], r["against"]): r
        for r in rows(
            tmp_path / "out" / "differences.csv", seed="pooled", metric=FAITHFULNESS_SCORE
        )
    }
    assert float(found["ppo", "sft"]["difference"]) == pytest.approx(0.3, abs=0.05)
    assert float(found["ppo", "sft"]["p_holm"]) < 0.01
    control = found["ppo, no_faithfulness", "ppo"]
    assert float(control["difference"]) == pytest.approx(-0.3, abs=0.05)
    assert found.keys() == {
        ("ppo", "sft"), ("dpo", "sft"), ("ppo, no_faithfulness", "sft"),
        ("ppo, no_faithfulness", "ppo"),
    }  # fmt: skip
    for heading in ("Results", "Each seed", "Cost, mean over seeds"):
        assert f"## {heading}\n" in text
    by_seed = rows(
        tmp_path / "out" / "differences.csv", method="ppo", metric=FAITHFULNESS_SCORE, against="sft"
    )
    assert [r["seed"] for r in by_seed] == ["pooled", "0", "1"]


def test_each_comparison_is_made_once() -> None:
    methods = ["base", "sft", "ppo", "sft, other", "ppo, other", "oracle", "best_of_n"]
    tables = pairs_of(methods, [FAITHFULNESS_SCORE, "x"])
    against = {
        method: [r for _, m, r in tables["faithfulness"] if m == method] for method in methods
    }
    assert against == {
        "base": [], "sft": [], "oracle": [],
        "best_of_n": ["sft"],
        "ppo": ["sft", "best_of_n"],
        "sft, other": ["sft", "best_of_n"],
        "ppo, other": ["sft", "best_of_n", "ppo"],
    }  # fmt: skip
    assert ("x", "ppo", "sft") in tables["others"]
    assert ("x", "ppo, other", "ppo") in tables["rivals"]
    assert len(tables["faithfulness"]) == len(tables["others"]) + len(tables["rivals"])


def test_a_report_of_what_is_there_runs_nothing(tmp_path: Path, light_stages: Callable) -> None:
    performed = light_stages(gain)
    folder = tmp_path / "out" / "demo"
    means = {m: {FAITHFULNESS_SCORE: g} for m, g in GAINS.items()}
    write_results(folder / "seed_0", 0, means)  # as an earlier version left it
    study(tmp_path)
    assert main(["compare", str(tmp_path / "study.yaml"), "--report-only"]) == 0
    assert not performed
    assert (
        "# demo\n\nSeeds 0. Intervals are over users only.\n"
        in (tmp_path / "out" / "comparison.md").read_text()
    )
    assert {r["seed"] for r in rows(tmp_path / "out" / "results.csv")} == {"0", "pooled"}


def test_a_study_without_any_result_says_why(
    tmp_path: Path, light_stages: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    light_stages(gain)
    for seed in (0, 1):
        fail(monkeypatch, seed, "prepare", "no data")
    with pytest.raises(UserError, match=r"demo/seed_0: .*no data"):
        compare(study(tmp_path))
