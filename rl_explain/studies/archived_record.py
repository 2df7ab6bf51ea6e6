"""Merges the settings and records of many runs; shared values are written once."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rl_explain.pipeline.record import read_record
from rl_explain.studies.costs import costs_of
from rl_explain.training.logs import LOG_FILE

ENVIRONMENT = ("python", "hardware", "versions")
OWN = ("output_dir", "seed")
"""Settings that the run's name already gives."""
VALIDATED = ("validation/score", "validation/reward/faithfulness/mean")


def merged_settings(runs: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Settings with dotted keys, in the groups `every_run`, `by_data` and `by_run`.

    Each group has only settings that the groups before it do not determine.

    Args:
        runs: the configuration of each run, by DATA/NAME.
    """
    flat = {name: dict(_flat(settings)) for name, settings in runs.items()}
    every = _common(flat)
    by_data: dict[str, dict[str, Any]] = {}
    for data in dict.fromkeys(_data(name) for name in flat):
        own = _common({name: values for name, values in flat.items() if _data(name) == data})
        by_data[data] = _without(own, every)
    by_run = {name: _without(v, every | by_data[_data(name)]) for name, v in flat.items()}
    return {
        "every_run": every,
        "by_data": {data: values for data, values in by_data.items() if values},
        "by_run": {name: values for name, values in by_run.items() if values},
    }


def merged_record(runs: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Distinct `environments`, and `runs`, each with the index of its environment.

    Args:
        runs: entries from `run_entry`, by name.
    """
    environments: list[dict[str, Any]] = []
    merged = {}
    for name, entry in runs.items():
        where = {key: entry[key] for key in ENVIRONMENT if key in entry}
        if where not in environments:
            environments.append(where)
        rest = {key: value for key, value in entry.items() if key not in ENVIRONMENT}
        merged[name] = {"environment": environments.index(where), **rest}
    return {"environments": environments, "runs": merged}


def run_entry(run: Path) -> dict[str, Any]:
    """Archive entry of a run: its record, stages by commit, costs and validation scores."""
    record = read_record(run)
    commits: dict[str, list[str]] = {}
    for stage, commit in record.pop("commits", {}).items():
        commits.setdefault(commit or "not a checkout", []).append(stage)
    costs = {method: asdict(cost) for method, cost in costs_of(run).items()}
    validation = {path.parent.name: _validation(path) for path in sorted(run.glob(f"*/{LOG_FILE}"))}
    record = {key: value for key, value in record.items() if key not in ("commit", "seed")}
    if "command" in record:
        record["command"] = record["command"].replace(f"{Path.cwd()}/", "")
    return {
        **record,
        "commits": commits,
        "costs": costs,
        "validation": {stage: curve for stage, curve in validation.items() if curve},
    }


def _validation(log: Path) -> list[list[float]]:
    """Step, score and faithfulness reward of each validation."""
    lines = (json.loads(line) for line in log.read_text("utf-8").splitlines())
    return [
        [line["step"], *(round(line[name], 3) for name in VALIDATED)]
        for line in lines
        if all(line.get(name) is not None for name in VALIDATED)
    ]


def _flat(settings: Mapping[str, Any], within: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in settings.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{within}{key}.")
        elif within or key not in OWN:
            yield f"{within}{key}", _relative(value)


def _relative(value: Any) -> Any:
    """The value, with paths made relative to the working folder."""
    return value.replace(f"{Path.cwd()}/", "") if isinstance(value, str) else value


def _common(runs: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The settings that all runs share."""
    first = next(iter(runs.values()))
    return {
        key: value
        for key, value in first.items()
        if all(key in values and values[key] == value for values in runs.values())
    }


def _without(values: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if known.get(key, _without) != value}


def _data(name: str) -> str:
    return name.rpartition("/")[0]
