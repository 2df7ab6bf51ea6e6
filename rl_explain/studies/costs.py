"""What each method of a study cost, beside what it brought."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rl_explain.config import METHODS
from rl_explain.record import read_record

ON_PAIRS = ("rejection", "orpo", "dpo")
"""Methods that train on what the stage `pairs` sampled."""


def cost_table(runs: Sequence[Path]) -> str:
    """Markdown: for each trained method, after SFT, completions sampled, steps and seconds.

    Means over the runs, seeds of one configuration. Completions and seconds of `pairs` count in
    full for each method that stands on them.
    """
    lines = ["| method | completions | optimiser steps | seconds |", "| --- | --- | --- | --- |"]
    for method in METHODS:
        costs = [cost for run in runs if (cost := _cost(run, method))]
        if costs:
            completions, steps, seconds = np.mean(costs, axis=0)
            lines.append(f"| {method} | {completions:.0f} | {steps:.0f} | {seconds:.0f} |")
    return "\n".join(lines)


def _cost(run: Path, method: str) -> tuple[float, float, float] | None:
    """Completions sampled, optimiser steps and seconds; `None` for what was not trained."""
    own = _stage(run, method)
    if own is None:
        return None
    sampled = _stage(run, "pairs") if method in ON_PAIRS else None
    both = [own] if sampled is None else [own, sampled]
    return (
        sum(metrics.get("completions", 0) for metrics, _ in both),
        own[0].get("steps", 0),
        sum(seconds for _, seconds in both),
    )


def _stage(run: Path, stage: str) -> tuple[dict[str, float], float] | None:
    path = run / stage / "metrics.json"
    if not path.is_file():
        return None
    seconds = read_record(run).get("wall_seconds", {}).get(stage, 0.0)
    return json.loads(path.read_text(encoding="utf-8")), seconds
