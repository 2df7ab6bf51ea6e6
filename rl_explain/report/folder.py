"""Reads the files of a run or a study, and notes what is missing or unreadable."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rl_explain.config.reader import read_yaml
from rl_explain.errors import UserError
from rl_explain.evaluation.results import Result, read_results
from rl_explain.pipeline.kept_settings import FILE as SETTINGS
from rl_explain.pipeline.record import FILE as RECORD
from rl_explain.pipeline.table import stage_rows
from rl_explain.studies.plan import RUN_FOLDER

EVALUATION = "evaluate"
RUN_FILES = ("config.yaml", RECORD, "metrics.json")
KEPT = ("case", "item", "label", "history", "completion", "cited")
"""Fields of a sample that reports show; the rest, mainly prompts, would fill memory."""

Log = list[dict[str, Any]]


@dataclass
class RunFolder:
    """The readable content of a run's folder.

    name: the folder relative to the study's; the folder's own name for a single run.
    metrics: by finished stage.
    results: by evaluated method.
    logs: by stage.
    missing: one sentence per missing item.
    """

    path: Path
    name: str
    record: dict[str, Any] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, dict[str, Any]] = field(default_factory=dict)
    results: dict[str, Result] = field(default_factory=dict)
    logs: dict[str, Log] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    @property
    def seed(self) -> int:
        """The seed from the folder's name or else the record."""
        named = RUN_FOLDER.fullmatch(self.path.name)
        return int(named["seed"]) if named else int(self.record.get("seed", 0))

    @property
    def variant(self) -> str:
        """Name of the control or ablation variant; "" if the run is neither."""
        named = RUN_FOLDER.fullmatch(self.path.name)
        return (named["variant"] or "") if named else ""


def is_run(folder: Path) -> bool:
    """Whether a folder contains a run, finished or not."""
    begun = any((folder / stage / SETTINGS).is_file() for stage in stage_rows())
    return begun or any((folder / name).is_file() for name in RUN_FILES)


def studied_folders(study: Path) -> dict[str, list[Path]]:
    """The folders of a study's runs by data set; seeds' own runs before variants.

    Raises:
        UserError: there is none.
    """
    found: dict[str, list[Path]] = {}
    for path in sorted(study.glob("*/seed_*"), key=_order):
        if path.is_dir() and RUN_FOLDER.fullmatch(path.name):
            found.setdefault(path.parent.name, []).append(path)
    if not found:
        raise UserError(
            f"{study} has neither a run nor a study: give the output_dir of an earlier "
            "`rl-explain run`, or of a study, which contains DATA/seed_N."
        )
    return found


def read_run(path: Path, name: str) -> RunFolder:
    """Read a run without its weights and prompts."""
    run = RunFolder(path, name)
    run.record = _json(run, path / RECORD)
    run.config = _config(run)
    for stage in stage_rows():
        if (path / stage / "metrics.json").is_file():
            run.metrics[stage] = _json(run, path / stage / "metrics.json")
        elif (path / stage).is_dir():
            run.missing.append(
                f"stage {stage} started but did not finish (failed or still running)"
            )
        if (path / stage / "log.jsonl").is_file():
            run.logs[stage] = list(_lines(path / stage / "log.jsonl"))
    merged = _json(run, path / "metrics.json") if not run.metrics else {}
    for key, value in merged.items():
        stage, _, metric = key.partition("/")
        run.metrics.setdefault(stage, {})[metric] = value
    run.results = _results(run)
    return run


def _config(run: RunFolder) -> dict[str, Any]:
    try:
        return dict(read_yaml(run.path / "config.yaml"))
    except UserError:
        run.missing.append("no readable config.yaml")
        return {}


def _results(run: RunFolder) -> dict[str, Result]:
    """Results with per-case numbers, or metrics only if those files are missing."""
    try:
        found = read_results(run.path / EVALUATION)
    except (ValueError, KeyError, TypeError) as error:
        run.missing.append(f"a file of {EVALUATION}/ cannot be read: {error}")
        found = {}
    if found:
        asked = (run.config.get("evaluation") or {}).get("methods") or ()
        if absent := [method for method in asked if method not in found]:
            run.missing.append(f"no result of {', '.join(absent)}, which config.yaml asks for")
        return {method: _slim(result) for method, result in found.items()}
    by_method: dict[str, dict[str, float | None]] = {}
    for key, value in run.metrics.get(EVALUATION, {}).items():
        method, _, metric = key.partition("/")
        by_method.setdefault(method, {})[metric] = value
    wanting = "only metrics, no evaluate/METHOD.json" if by_method else "no results of any method"
    run.missing.append(wanting)
    return {method: Result(method, "", values, {}, []) for method, values in by_method.items()}


def _slim(result: Result) -> Result:
    """The result with only its explanation samples, reduced to the fields shown."""
    samples = [
        {key: sample.get(key) for key in (*KEPT, "scores")}
        for sample in result.samples
        if sample.get("task") == "explanation"
    ]
    return replace(result, samples=samples)


def _json(run: RunFolder, path: Path) -> dict[str, Any]:
    """The JSON object in a file; if unreadable, empty and noted as missing."""
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        run.missing.append(f"no {path.relative_to(run.path)}")
    except ValueError:
        run.missing.append(f"{path.relative_to(run.path)} cannot be read")
    return {}


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """The complete lines of a log; a running stage may have written only part of the last one."""
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            return


def _order(path: Path) -> tuple[str, bool, int, str]:
    named = RUN_FOLDER.fullmatch(path.name)
    seed, variant = (int(named["seed"]), named["variant"] or "") if named else (0, "")
    return path.parent.name, bool(variant), seed, variant
