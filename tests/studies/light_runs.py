"""Stages that take no time, and results of an evaluation that no model wrote."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rl_explain.evaluation.results import Result
from rl_explain.evaluation.statistics import Measure, estimate
from rl_explain.files import write_json
from rl_explain.pipeline.table import STAGES

USERS = np.arange(40)


def write_results(folder: Path, seed: int, means: dict[str, dict[str, float]]) -> None:
    """An evaluation with these means, by method and metric; users differ by the same noise."""
    noise = np.random.default_rng(seed).normal(scale=0.3, size=len(USERS))
    own = np.random.default_rng(seed + 100).normal(scale=0.05, size=len(USERS))
    for i, (method, metrics) in enumerate(means.items()):
        measures = {name: Measure(mean + noise + own * i, USERS) for name, mean in metrics.items()}
        flat: dict[str, float | None] = {}
        for name, measure in measures.items():
            flat |= estimate(measure, 50).flat(name)
        Result(method, "", flat, measures, []).save(folder / "evaluate")
    write_json(folder / "evaluate" / "metrics.json", {})


def perform_by(monkeypatch: pytest.MonkeyPatch, stage: str, function: Callable) -> None:
    """Have a stage performed by another function."""
    monkeypatch.setitem(STAGES, stage, dataclasses.replace(STAGES[stage], function=function))
