"""What is archived of a run reads back as what was there, and is small."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rl_explain.errors import UserError
from rl_explain.evaluation.results import Result, read_results
from rl_explain.evaluation.statistics import Measure
from rl_explain.studies.archive import archive
from rl_explain.studies.costs import Cost, costs

FAITHFULNESS_SCORE = "faithfulness/score"
SCRIPT = Path(__file__).parents[2] / "benchmarks/keep_results.py"


def make_run(folder: Path) -> Result:
    values = np.array([1 / 3, np.nan, -1.0])
    scores = {FAITHFULNESS_SCORE: 1 / 3, "text/length": 9.0}
    sample = {
        "case": 0,
        "task": "explanation",
        "prompt": "Why?",
        "completion": "é",
        "scores": scores,
    }
    result = Result(
        "ppo",
        "f",
        {FAITHFULNESS_SCORE: -1 / 3},
        {FAITHFULNESS_SCORE: Measure(values, np.array([4, 4, 5]))},
        [sample],
    )
    result.save(folder / "evaluate")
    (folder / "ppo" / "adapter").mkdir(parents=True)
    (folder / "ppo" / "adapter" / "adapter.safetensors").write_bytes(b"weights")
    for name in ("config.yaml", "record.json", "ppo/metrics.json", "ppo/log.jsonl"):
        (folder / name).write_text("{}")
    return result


def test_figures_and_texts_are_kept_and_nothing_else(tmp_path: Path) -> None:
    result = make_run(tmp_path / "run")
    out = tmp_path / "out"
    assert archive(tmp_path / "run", out) == [out]
    found = read_results(out / "evaluate")["ppo"]
    assert found.metrics == result.metrics
    measure, kept = result.measures[FAITHFULNESS_SCORE], found.measures[FAITHFULNESS_SCORE]
    np.testing.assert_allclose(kept.values, measure.values, rtol=1e-5)
    np.testing.assert_array_equal(kept.users, measure.users)
    [sample] = found.samples
    assert sample["completion"] == "é" and sample["scores"] == {FAITHFULNESS_SCORE: 1 / 3}
    names = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
    assert names == {
        *("config.yaml", "record.json", "ppo/metrics.json", "ppo/log.jsonl"),
        *("evaluate/ppo.json.gz", "costs.json"),
    }
    text = gzip.decompress((out / "evaluate/ppo.json.gz").read_bytes())
    assert json.loads(text)["measures"][FAITHFULNESS_SCORE]["values"] == [0.333333, None, -1.0]


def test_paths_within_the_working_folder_become_relative(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_run(tmp_path / "runs/a")
    written = f"output_dir: {tmp_path}/runs/a\ndata: ../elsewhere, {tmp_path}er/é\n"
    (tmp_path / "runs/a/config.yaml").write_text(written, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    archive(tmp_path / "runs", tmp_path / "out")
    kept = (tmp_path / "out/a/config.yaml").read_text("utf-8")
    assert kept == f"output_dir: runs/a\ndata: ../elsewhere, {tmp_path}er/é\n"


def test_every_run_of_a_study_is_archived_the_same_each_time(tmp_path: Path) -> None:
    for seed in (0, 1):
        make_run(tmp_path / f"study/demo/seed_{seed}")
    for out in ("first", "second"):
        done = subprocess.run(
            [sys.executable, str(SCRIPT), str(tmp_path / "study"), str(tmp_path / out)],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
    assert [line.rpartition("/")[2] for line in done.stdout.split()] == ["seed_0", "seed_1"]
    one, two = (
        (tmp_path / out / "demo/seed_1/evaluate/ppo.json.gz").read_bytes()
        for out in ("first", "second")
    )
    assert one == two


def test_a_folder_without_runs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no run in"):
        archive(tmp_path, tmp_path / "out")


def test_an_earlier_archive_of_the_run_leaves_nothing_behind(tmp_path: Path) -> None:
    make_run(tmp_path / "run")
    archive(tmp_path / "run", tmp_path / "out")
    (tmp_path / "out/evaluate/ppo.json.gz").rename(tmp_path / "out/evaluate/dpo.json.gz")
    archive(tmp_path / "run", tmp_path / "out")
    assert set(read_results(tmp_path / "out/evaluate")) == {"ppo"}


@pytest.mark.parametrize("onto", ["study", "study/../study", "other"])
def test_no_weights_are_replaced(tmp_path: Path, onto: str) -> None:
    make_run(tmp_path / "study/seed_0")
    make_run(tmp_path / "other/seed_0")
    with pytest.raises(UserError, match="is a run with its weights"):
        archive(tmp_path / "study", tmp_path / onto)
    for name in ("study", "other"):
        assert (tmp_path / name / "seed_0/ppo/adapter/adapter.safetensors").is_file()


def test_costs_outlive_the_samples_that_they_were_counted_from(tmp_path: Path) -> None:
    make_run(tmp_path / "run")
    (tmp_path / "run/pairs").mkdir()
    sampled = {"completions": 8, "tokens": 120}
    (tmp_path / "run/pairs/metrics.json").write_text(json.dumps(sampled))
    (tmp_path / "run/dpo").mkdir()
    (tmp_path / "run/dpo/metrics.json").write_text(json.dumps({"steps": 3}))
    archive(tmp_path / "run", tmp_path / "out")
    (tmp_path / "out/pairs/metrics.json").unlink()
    assert costs([tmp_path / "run"])["dpo"] == Cost(8, 120, 3, None)
    assert costs([tmp_path / "out"])["dpo"] == Cost(8, 120, 3, None)
