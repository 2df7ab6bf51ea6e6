"""What is kept of a run for good: enough to check every figure, small enough to commit.

No weights, no prompts, no training samples; of each method every case's numbers, to six digits,
and its texts with the scores that are shown beside them. Paths within the working folder become
relative to it: where the project lay says nothing to a reader.
"""

import gzip
import shutil
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from rl_explain.errors import UserError
from rl_explain.evaluation.results import Result, read_results
from rl_explain.evaluation.statistics import Measure
from rl_explain.files import write_json
from rl_explain.pipeline.run import run_folders
from rl_explain.studies.costs import KEPT_FILE, costs_of

OF_A_RUN = ("config.yaml", "record.json", "metrics.json", "report.md")
OF_A_STAGE = ("metrics.json", "log.jsonl")
SCORES = ("faithfulness/score", "grounding/precision", "explanation/verdict_accuracy")
"""Scores that stay beside a text; all of them are among the numbers of the cases anyway."""
DIGITS = 6


def archive(folder: Path, out: Path) -> list[Path]:
    """Archive a run, or every run of a study, under `out`; the folders that were written.

    What an earlier archive of the same run held is replaced, so that no result of another version
    stays among the new ones.

    Raises:
        UserError: there is no run in `folder`, or one with its weights where a copy would lie.
    """
    runs = run_folders(folder)
    kept = [out / run.relative_to(folder) for run in runs]
    if full := [target for target in kept if any(target.rglob("*.safetensors"))]:
        raise UserError(f"{full[0]} is a run with its weights: give another folder to keep it in.")
    for run, target in zip(runs, kept, strict=True):
        _archive_run(run, target)
    return kept


def _archive_run(run: Path, out: Path) -> None:
    if (out / "config.yaml").is_file():
        shutil.rmtree(out)
    for path in _small_files(run):
        target = out / path.relative_to(run)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_relative(path.read_text("utf-8")), encoding="utf-8")
    for method, result in read_results(run / "evaluate").items():
        path = out / "evaluate" / f"{method}.json.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        # Without a time in its header, an equal result is an equal file.
        path.write_bytes(gzip.compress(_slim(result).to_json().encode(), 9, mtime=0))
    write_json(out / KEPT_FILE, {method: asdict(cost) for method, cost in costs_of(run).items()})


def _relative(text: str) -> str:
    return text.replace(f"{Path.cwd()}/", "")


def _small_files(run: Path) -> Iterator[Path]:
    stages = [path for path in run.iterdir() if path.is_dir()]
    wanted = [run / name for name in OF_A_RUN]
    wanted += [stage / name for stage in stages for name in OF_A_STAGE]
    return (path for path in wanted if path.is_file())


def _slim(result: Result) -> Result:
    measures = {
        name: Measure(_rounded(measure.values), measure.users)
        for name, measure in result.measures.items()
    }
    return replace(result, measures=measures, samples=[_sample(s) for s in result.samples])


def _sample(sample: dict[str, Any]) -> dict[str, Any]:
    scores = {name: sample["scores"][name] for name in SCORES if name in sample["scores"]}
    return {k: v for k, v in sample.items() if k != "prompt"} | {"scores": scores}


def _rounded(values: np.ndarray) -> np.ndarray:
    return np.array([float(f"{value:.{DIGITS}g}") for value in values])
