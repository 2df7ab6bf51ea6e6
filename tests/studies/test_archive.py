"""What is archived of a run or a study reads back as what was there, and is small."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from rl_explain.errors import UserError
from rl_explain.evaluation.results import Result
from rl_explain.evaluation.statistics import Measure
from rl_explain.pipeline.table import method_rows
from rl_explain.studies.archive import archive, read_archive, read_archived_record, read_texts
from rl_explain.studies.archived_record import merged_record, merged_settings
from rl_explain.studies.pool import pooled_methods

SCORE, LENGTH = "faithfulness/score", "text/length"
SCRIPT = Path(__file__).parents[2] / "benchmarks/keep_results.py"
USERS = np.array([4, 4, 5])


def sample(case: int, score: float | None) -> dict[str, object]:
    return {
        "task": "explanation",
        "case": case,
        "prompt": "Why?",
        "completion": "é",
        "item": "C",
        "label": "no" if case else "yes",
        "reasons": 2,
        "history": ["A", "B"],
        "scores": {SCORE: score},
    }


def write_run(folder: Path, methods: dict[str, float], **settings: object) -> None:
    """A run whose methods score `score`, nothing, and -1."""
    for method, score in methods.items():
        measures = {
            SCORE: Measure(np.array([score, np.nan, -1.0]), USERS),
            LENGTH: Measure(np.array([9.0, 8.0, 7.0]), USERS),
            "faithfulness/score/yes": Measure(np.array([score, np.nan, np.nan]), USERS),
        }
        samples = [sample(case, value) for case, value in enumerate((score, None, -1.0))]
        ranking = {"task": "ranking", "case": 0, "completion": "A"}
        Result(method, "f", {}, measures, [*samples, ranking]).save(folder / "evaluate")
    (folder / "ppo" / "adapter").mkdir(parents=True)
    (folder / "ppo" / "adapter" / "adapter.safetensors").write_bytes(b"weights")
    (folder / "ppo" / "metrics.json").write_text(json.dumps({"completions": 8, "steps": 3}))
    validation = {"step": 0, "validation/score": 0.1, "validation/reward/faithfulness/mean": 0.25}
    (folder / "ppo" / "log.jsonl").write_text(json.dumps(validation) + '\n{"step": 1}\n')
    config = {"seed": 0, "evaluation": {"methods": [*methods]}, **settings}
    (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    record = {
        "command": "rl-explain compare",
        "python": "3.11.7",
        "commits": {"sft": "abc", "ppo": "abc"},
        "wall_seconds": {"ppo": 12.0},
    }
    (folder / "record.json").write_text(json.dumps(record))


@pytest.fixture
def study(tmp_path: Path) -> Path:
    folder = tmp_path / "study"
    write_run(folder / "demo/seed_0", {"sft": 1 / 3, "ppo": 0.5, "random": 0.0})
    write_run(folder / "demo/seed_1", {"ppo": 0.75}, threads=2)
    write_run(folder / "demo/seed_1-length_only", {"ppo": 0.25})
    Result("sft", "f", {}, {}, []).save(folder / "demo/seed_1-length_only/evaluate")
    text = "# demo\n\nkept\n\n## Each seed\n\nnot kept\n\n## Explanations to read\n\nnor this\n"
    (folder / "comparison.md").write_text(text)
    return folder


def test_the_numbers_of_every_case_read_back(study: Path, tmp_path: Path) -> None:
    archive(study, tmp_path / "out")
    found = read_archive(tmp_path / "out")
    assert {seed: set(results) for seed, results in found["demo"].items()} == {
        0: {"sft", "ppo", "random"},
        1: {"ppo", "ppo, length_only"},
    }
    measure = found["demo"][0]["sft"].measures[SCORE]
    np.testing.assert_allclose(measure.values, [0.333, np.nan, -1.0], atol=1e-6)
    np.testing.assert_array_equal(measure.users, USERS)
    assert found["demo"][0]["sft"].metrics[SCORE] == pytest.approx((0.333 - 1) / 2, abs=1e-6)
    assert pooled_methods(found["demo"], method_rows())["ppo"].metrics[SCORE] == pytest.approx(
        -0.75 / 4
    )


def test_numbers_that_no_figure_needs_are_left_out(study: Path, tmp_path: Path) -> None:
    archive(study, tmp_path / "out")
    kept = pd.read_parquet(tmp_path / "out/cases.parquet")
    questions = ["question/reasons", "question/yes"]
    assert set(kept) == {"data", "seed", "method", "case", "user", *questions, SCORE, LENGTH}
    files = {path.name for path in (tmp_path / "out").iterdir()}
    assert files == {"cases.parquet", "texts.jsonl", "study.yaml", "record.json", "comparison.md"}
    assert (tmp_path / "out/comparison.md").read_text() == "# demo\n\nkept\n\n"


def test_texts_are_of_models_under_the_first_seed_that_has_them(
    study: Path, tmp_path: Path
) -> None:
    archive(study, tmp_path / "out")
    lines = read_texts(tmp_path / "out")
    assert [(line["seed"], line["case"]) for line in lines] == [(0, 0), (0, 1), (0, 2)]
    assert lines[0]["history"] == ["A", "B"] and lines[0]["reasons"] == 2
    assert lines[0]["texts"]["sft"] == {"text": "é", "score": 0.333}
    assert lines[1]["texts"] == {m: {"text": "é", "score": None} for m in ("sft", "ppo")}


def test_at_most_fifty_texts_a_method(tmp_path: Path) -> None:
    cases = 120
    result = Result(
        "ppo",
        "f",
        {},
        {SCORE: Measure(np.zeros(cases), np.arange(cases))},
        [sample(case, 0.0) for case in range(cases)],
    )
    write_run(tmp_path / "run", {"ppo": 0.5})
    result.save(tmp_path / "run/evaluate")
    archive(tmp_path / "run", tmp_path / "out")
    drawn = [line["case"] for line in read_texts(tmp_path / "out")]
    assert len(drawn) == 50 and drawn == sorted(set(drawn)) and drawn != list(range(50))


def test_what_made_each_run_is_kept(study: Path, tmp_path: Path) -> None:
    archive(study, tmp_path / "out")
    record = read_archived_record(tmp_path / "out")
    assert record["environments"] == [{"python": "3.11.7"}]
    run = record["runs"]["demo/seed_1"]
    assert run["commits"] == {"abc": ["sft", "ppo"]} and run["wall_seconds"] == {"ppo": 12.0}
    assert run["costs"]["ppo"]["completions"] == 8 and run["costs"]["ppo"]["seconds"] == 12.0
    assert run["validation"] == {"ppo": [[0, 0.1, 0.25]]}


def test_a_lone_run_is_named_by_its_folder_and_seed(tmp_path: Path) -> None:
    write_run(tmp_path / "quickstart", {"ppo": 0.5}, seed=7)
    archive(tmp_path / "quickstart", tmp_path / "out")
    assert set(read_archive(tmp_path / "out")["quickstart"]) == {7}


def test_shared_settings_are_written_once() -> None:
    runs = {
        "films/seed_0": {"output_dir": "a", "seed": 0, "threads": 1, "data": {"format": "csv"}},
        "films/seed_1": {"output_dir": "b", "seed": 1, "threads": 2, "data": {"format": "csv"}},
        "demo/seed_0": {"output_dir": "c", "seed": 0, "threads": 1, "data": {"format": "demo"}},
    }
    runs = {name: {**settings, "device": "cpu"} for name, settings in runs.items()}
    assert merged_settings(runs) == {
        "every_run": {"device": "cpu"},
        "by_data": {
            "films": {"data.format": "csv"},
            "demo": {"threads": 1, "data.format": "demo"},
        },
        "by_run": {"films/seed_0": {"threads": 1}, "films/seed_1": {"threads": 2}},
    }


def test_equal_environments_are_written_once() -> None:
    here, there = {"python": "3.11.7", "hardware": "one"}, {"python": "3.11.7", "hardware": "two"}
    merged = merged_record({"a": {**here, "x": 1}, "b": there, "c": here})
    assert merged["environments"] == [here, there]
    assert [run["environment"] for run in merged["runs"].values()] == [0, 1, 0]
    assert merged["runs"]["a"] == {"environment": 0, "x": 1}


def test_paths_within_the_working_folder_become_relative(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_run(tmp_path / "runs/demo/seed_0", {"ppo": 0.5}, elsewhere=f"{tmp_path}/data/é")
    monkeypatch.chdir(tmp_path)
    archive(tmp_path / "runs", tmp_path / "out")
    settings = yaml.safe_load((tmp_path / "out/study.yaml").read_text("utf-8"))
    assert settings["every_run"]["elsewhere"] == "data/é"


def test_the_script_writes_the_same_files_each_time(study: Path, tmp_path: Path) -> None:
    for out in ("first", "second"):
        command = [sys.executable, str(SCRIPT), str(study), str(tmp_path / out)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    for path in (tmp_path / "first").iterdir():
        assert path.read_bytes() == (tmp_path / "second" / path.name).read_bytes()


def test_an_earlier_archive_leaves_nothing_behind(study: Path, tmp_path: Path) -> None:
    archive(study, tmp_path / "out")
    (study / "comparison.md").unlink()
    archive(study, tmp_path / "out")
    assert not (tmp_path / "out/comparison.md").exists()


def test_a_folder_without_runs_or_results_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no run in"):
        archive(tmp_path, tmp_path / "out")
    write_run(tmp_path / "study/demo/seed_0", {})
    with pytest.raises(UserError, match=r"none of demo/seed_0 has results"):
        archive(tmp_path / "study", tmp_path / "out")
    with pytest.raises(UserError, match=r"no cases\.parquet in"):
        read_archive(tmp_path)


@pytest.mark.parametrize("onto", ["study", "study/../study", "other"])
def test_no_run_is_written_into(study: Path, tmp_path: Path, onto: str) -> None:
    write_run(tmp_path / "other/demo/seed_0", {"ppo": 0.5})
    with pytest.raises(UserError, match="contains a run"):
        archive(study, tmp_path / onto)
    for name in ("study", "other"):
        assert (tmp_path / name / "demo/seed_0/ppo/adapter/adapter.safetensors").is_file()
