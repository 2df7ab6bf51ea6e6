"""Provenance of the results: runs, commands, versions, hardware, commits, settings."""

from collections.abc import Mapping, Sequence

import yaml

from rl_explain.evaluation.results import in_order
from rl_explain.pipeline.table import method_rows
from rl_explain.report.folder import RunFolder
from rl_explain.report.parts import Listing, Part, Section, Table

UNKNOWN = "–"


def runs_section(runs: Sequence[RunFolder]) -> Section:
    """The runs of a study with their stages, methods, seconds and commits."""
    rows = [
        [
            run.name,
            " ".join(run.metrics) or UNKNOWN,
            " ".join(in_order(run.results, method_rows())) or UNKNOWN,
            f"{sum(run.record.get('wall_seconds', {}).values()):.0f}",
            _commits(run),
        ]
        for run in runs
    ]
    header = ["run", "finished stages", "evaluated methods", "seconds", "commits"]
    return Section("Runs", [Table("Runs of the study", header, rows)])


def missing_section(runs: Sequence[RunFolder]) -> Section:
    """Missing or unreadable content, by run."""
    rows = [[run.name, sentence] for run in runs for sentence in run.missing]
    return Section("What is missing", [Table("Missing", ["run", "what"], rows)] if rows else [])


def training_section(runs: Sequence[RunFolder]) -> Section:
    """Samples, steps and seconds of each stage."""
    rows = [
        [
            run.name,
            stage,
            *(_number(metrics.get(name)) for name in ("completions", "pairs", "steps")),
            _number(run.record.get("wall_seconds", {}).get(stage)),
        ]
        for run in runs
        for stage, metrics in run.metrics.items()
    ]
    header = ["run", "stage", "samples", "pairs", "optimiser steps", "seconds"]
    return Section("Cost", [Table("Cost of each stage", header, rows, folded=True)] if rows else [])


def provenance_section(runs: Sequence[RunFolder]) -> Section:
    """Distinct commands, versions and hardware of all runs, and the first run's settings."""
    facts: dict[str, list[object]] = {
        "command": [run.record.get("command") for run in runs],
        "commit": [commit for run in runs for commit in _commits(run).split(", ")],
        "seed": [run.record.get("seed") for run in runs],
        "data": [_of(run.config, "data", "format") for run in runs],
        "data fingerprint": [run.record.get("data_fingerprint") for run in runs],
        "model": [_of(run.config, "model", "name") for run in runs],
        "recommender": [_recommender(run) for run in runs],
        "hardware": [run.record.get("hardware") for run in runs],
        "python": [run.record.get("python") for run in runs],
        "packages": [_packages(run) for run in runs],
    }
    rows = [[name, _each_once(values)] for name, values in facts.items()]
    known = [row for row in rows if row[1]]
    parts: list[Part] = [Table("Provenance", ["what", "value"], known)] if known else []
    for run in [run for run in runs if run.config][:1]:
        text = yaml.safe_dump(run.config, sort_keys=False, allow_unicode=True)
        parts.append(Listing(f"Settings of {run.name}", text))
    return Section("Provenance", parts)


def _commits(run: RunFolder) -> str:
    commits = run.record.get("commits", {}).values()
    return ", ".join(sorted({c or "not a checkout" for c in commits})) or UNKNOWN


def _packages(run: RunFolder) -> str:
    return ", ".join(f"{name} {number}" for name, number in run.record.get("versions", {}).items())


def _recommender(run: RunFolder) -> str | None:
    """How well the recommender itself ranks."""
    found = run.metrics.get("recommender", {})
    if "ndcg@10" not in found:
        return None
    text = f"{run.name}: NDCG@10 {found['ndcg@10']:.3f}"
    if "popularity/ndcg@10" in found:
        text += f" (popularity {found['popularity/ndcg@10']:.3f})"
    return text


def _of(config: Mapping[str, object], group: str, key: str) -> object:
    values = config.get(group)
    return values.get(key) if isinstance(values, Mapping) else None


def _each_once(values: Sequence[object]) -> str:
    return "; ".join(
        dict.fromkeys(str(v) for v in values if v is not None and v not in ("", UNKNOWN))
    )


def _number(value: object) -> str:
    return f"{value:.0f}" if isinstance(value, int | float) else UNKNOWN
