"""Stages that take no time: what a study does with runs can be seen without training any."""

from collections.abc import Callable
from pathlib import Path

import pytest
from light_runs import perform_by, write_results

from rl_explain.pipeline.run import Metrics, Run
from rl_explain.pipeline.table import stage_rows

Score = Callable[[Run, str, str], float]
"""The mean of a metric for a method of a run."""
NAMES = ("faithfulness/score", "grounding/precision", "explanation/verdict_accuracy")


class Interactions:
    fingerprint = "data"


@pytest.fixture
def light_stages(monkeypatch: pytest.MonkeyPatch) -> Callable[[Score], list[tuple[str, str]]]:
    """Replaces every stage by one that notes the folder and stage, which the call returns."""

    def replace(score: Score) -> list[tuple[str, str]]:
        performed: list[tuple[str, str]] = []

        def light(run: Run, folder: Path) -> Metrics:
            performed.append((run.folder.name, folder.name))
            if folder.name == "evaluate":
                methods = [m for m in run.config.evaluation.methods if _stands(run, m)]
                means = {m: {name: score(run, m, name) for name in NAMES} for m in methods}
                write_results(run.folder, run.config.seed, means)
            return {"steps": 2.0}

        for name in stage_rows():
            perform_by(monkeypatch, name, light)
        monkeypatch.setattr(Run, "interactions", Interactions())
        return performed

    return replace


def _stands(run: Run, method: str) -> bool:
    return method in ("base", "best_of_n") or (run.folder / method / "metrics.json").exists()
