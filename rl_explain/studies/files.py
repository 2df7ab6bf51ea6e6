"""A study's machine-readable output: flat CSV and JSON."""

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rl_explain.evaluation.results import Result
from rl_explain.studies.costs import Cost
from rl_explain.studies.differences import Difference
from rl_explain.studies.pool import Seeds
from rl_explain.studies.runs import Outcome

POOLED = "pooled"
"""Value of the column `seed` for results over all seeds."""


def result_rows(data: str, seeds: Seeds, pooled: Mapping[str, Result]) -> list[dict[str, Any]]:
    """A row per method, seed (or `pooled`) and metric, with its interval."""
    parts = {str(seed): results for seed, results in seeds.items()} | {POOLED: pooled}
    return [
        {
            "data": data,
            "method": method,
            "seed": seed,
            "metric": name,
            "value": value,
            "ci_low": result.metrics.get(f"{name}/ci_low"),
            "ci_high": result.metrics.get(f"{name}/ci_high"),
        }
        for seed, results in parts.items()
        for method, result in results.items()
        for name, value in result.metrics.items()
        if not name.endswith(("/ci_low", "/ci_high"))
    ]


def difference_rows(
    data: str, families: Mapping[str, Sequence[Difference]]
) -> list[dict[str, Any]]:
    """A pooled row and a row per seed for each comparison; `family` names its table."""
    return [
        {"data": data, "family": family, **row}
        for family, differences in families.items()
        for difference in differences
        for row in difference.rows()
    ]


def cost_rows(data: str, costs: Mapping[str, Cost]) -> list[dict[str, Any]]:
    """A row of costs per method."""
    return [{"data": data, "method": method, **vars(cost)} for method, cost in costs.items()]


def run_entries(outcomes: Iterable[Outcome]) -> list[dict[str, Any]]:
    """An entry per run: name (its path in the study's folder), settings and failures."""
    return [
        {
            "name": outcome.run.name,
            "data": outcome.run.data,
            "seed": outcome.run.seed,
            "variant": outcome.run.variant,
            "weights": outcome.run.config.rewards.weights,
            "methods": outcome.run.config.evaluation.methods,
            "evaluated": outcome.evaluated,
            "failures": outcome.failures,
        }
        for outcome in outcomes
    ]


def write_csv(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows with the union of their keys as columns; missing values and NaN stay empty."""
    keys = list(dict.fromkeys(key for row in rows for key in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, keys, restval="")
        writer.writeheader()
        writer.writerows({key: _plain(value) for key, value in row.items()} for row in rows)


def _plain(value: Any) -> Any:
    return "" if value is None or (isinstance(value, float) and math.isnan(value)) else value
