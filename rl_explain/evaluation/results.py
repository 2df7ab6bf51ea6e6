"""The result of evaluating one method, saved as one JSON file."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rl_explain.evaluation.rules import RULES, is_rule
from rl_explain.evaluation.statistics import Estimate, Measure
from rl_explain.files import write_json

PROTOCOLS = ("metrics", "settings", "made_from")
"""Names of JSON files in the folder that are not results of methods."""


@dataclass(frozen=True)
class Result:
    """The metrics of one method, and the values behind them.

    fingerprint: of everything the metrics depend on; if it differs, evaluate again.
    metrics: flat; `name`, `name/ci_low`, `name/ci_high`; `None` where no case applies.
    measures: the values behind each mean, by metric name, for paired differences.
    samples: one mapping per case: prompt, completion, scores.
    """

    method: str
    fingerprint: str
    metrics: dict[str, float | None]
    measures: dict[str, Measure]
    samples: list[dict[str, Any]]

    @property
    def kind(self) -> str:
        """`rule` or `model`."""
        return "rule" if is_rule(self.method) else "model"

    @property
    def num_seeds(self) -> int:
        """Number of pooled seeds."""
        return max((measure.num_seeds for measure in self.measures.values()), default=1)

    def estimate(self, name: str) -> Estimate | None:
        """A metric with its interval; `None` if the method does not have it."""
        if self.metrics.get(name) is None:
            return None
        bounds = (self.metrics.get(f"{name}/{end}") for end in ("ci_low", "ci_high"))
        low, high = (np.nan if bound is None else bound for bound in bounds)
        return Estimate(self.metrics[name] or 0.0, low, high)

    def save(self, folder: Path) -> None:
        """Write `METHOD.json` atomically."""
        folder.mkdir(parents=True, exist_ok=True)
        data = {
            "fingerprint": self.fingerprint,
            "metrics": self.metrics,
            "measures": {name: _measure_to_json(m) for name, m in self.measures.items()},
            "samples": self.samples,
        }
        write_json(folder / f"{self.method}.json", data, indent=None)


def load_result(folder: Path, method: str, fingerprint: str) -> Result | None:
    """The saved result of `method`; `None` if absent or of another fingerprint."""
    path = folder / f"{method}.json"
    result = _read(path) if path.is_file() else None
    return result if result and result.fingerprint == fingerprint else None


def read_results(folder: Path, only: str | None = None) -> dict[str, Result]:
    """Every result in the folder of an evaluation, by method; or only that of `only`."""
    found = {path.stem: path for path in sorted(folder.glob("*.json"))}
    wanted = found.keys() - set(PROTOCOLS) if only is None else {only}
    return {method: _read(path) for method, path in found.items() if method in wanted}


def _read(path: Path) -> Result:
    data = json.loads(path.read_text(encoding="utf-8"))
    measures = {name: _measure_from_json(m) for name, m in data["measures"].items()}
    return Result(path.stem, data["fingerprint"], data["metrics"], measures, data["samples"])


def in_order(methods: Iterable[str], models: Iterable[str]) -> list[str]:
    """The rows of a table: models in the order of `models`, other models by name, then rules."""
    given = set(methods)
    rules = [*RULES, *sorted(name for name in given if is_rule(name) and name not in RULES)]
    others = sorted(given.difference(models, rules))
    return [name for name in (*models, *others, *rules) if name in given]


def merge_metrics(results: Iterable[Result]) -> dict[str, float | None]:
    """The metrics of all methods, named `METHOD/name`."""
    return {f"{r.method}/{name}": value for r in results for name, value in r.metrics.items()}


def write_samples(results: Iterable[Result], path: Path) -> None:
    """Write the samples of all methods as JSON lines; the key `method` names the method."""
    with path.open("w", encoding="utf-8") as file:
        for result in results:
            for sample in result.samples:
                line = {"method": result.method, **sample}
                file.write(json.dumps(line, ensure_ascii=False) + "\n")


def _measure_to_json(measure: Measure) -> dict[str, list[Any]]:
    values = [None if np.isnan(value) else float(value) for value in measure.values]
    return {"values": values, "users": measure.users.tolist()}


def _measure_from_json(data: dict[str, list[Any]]) -> Measure:
    values = [np.nan if value is None else value for value in data["values"]]
    return Measure(np.array(values, dtype=float), np.array(data["users"], dtype=int))
