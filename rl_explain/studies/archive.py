"""What is kept of a run for good: enough to check every figure, small enough to commit.

No weights, no prompts, no training samples; of each method every case's numbers, to six digits,
and its texts with the scores that are shown beside them. Paths within the working folder become
relative to it: where the project lay says nothing to a reader.
"""

import gzip
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from rl_explain.errors import UserError
from rl_explain.evaluation.results import Result, read_results
from rl_explain.evaluation.statistics import Measure

OF_A_RUN = ("config.yaml", "record.json", "metrics.json", "report.md")
OF_A_STAGE = ("metrics.json", "log.jsonl")
SCORES = ("faithfulness/regret_score", "grounding/precision", "explanation/verdict_accuracy")
"""Scores that stay beside a text; all of them are among the numbers of the cases anyway."""
DIGITS = 6


def archive(folder: Path, out: Path) -> list[Path]:
    """Archive a run, or every run of a study, under `out`; the folders that were written.

    Raises:
        UserError: there is no run in `folder`.
    """
    runs = sorted(path.parent for path in folder.rglob("config.yaml"))
    if not runs:
        raise UserError(f"no run in {folder}: give the output_dir of a run or a study.")
    kept = [out / run.relative_to(folder) for run in runs]
    for run, target in zip(runs, kept, strict=True):
        _archive_run(run, target)
    return kept


def _archive_run(run: Path, out: Path) -> None:
    for path in _small_files(run):
        target = out / path.relative_to(run)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_relative(path.read_text("utf-8")), encoding="utf-8")
    for method, result in read_results(run / "evaluate").items():
        path = out / "evaluate" / f"{method}.json.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        # Without a time in its header, an equal result is an equal file.
        path.write_bytes(gzip.compress(_slim(result).to_json().encode(), 9, mtime=0))


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
