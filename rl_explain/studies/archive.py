"""Archives of runs and studies: a few small files from which all figures can be recomputed.

    cases.parquet    a row per data set, seed, method and case: the numbers behind the tables
    texts.jsonl      a line per question: each model's text and its score
    study.yaml       settings: shared by all runs, by a data set's runs, and of single runs
    record.json      record, seconds, costs and validation scores of each run
    comparison.md    the study's own tables (`ablation.md`, `report.md`)

Texts of rules are not archived, since they only fill the teacher's template, nor those of variants.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from rl_explain.config.reader import read_yaml
from rl_explain.errors import UserError
from rl_explain.evaluation.results import Result, read_results
from rl_explain.evaluation.rules import RULES
from rl_explain.evaluation.statistics import Measure, estimate
from rl_explain.files import write_json
from rl_explain.pipeline.run import run_folders
from rl_explain.studies.archived_record import merged_record, merged_settings, run_entry
from rl_explain.studies.collect import WITHIN
from rl_explain.studies.plan import RUN_FOLDER
from rl_explain.studies.pool import Seeds

CASES, TEXTS, SETTINGS, RECORD = "cases.parquet", "texts.jsonl", "study.yaml", "record.json"
TABLES = ("comparison.md", "ablation.md", "report.md")
UNKEPT_SECTIONS = ("Explanations to read", "Each seed")
"""Sections of `TABLES` that repeat the other files."""
SCORE = "faithfulness/score"
KEPT = (
    SCORE,
    *(
        f"{SCORE}_{way}"
        for way in ("masking", "replacement", "replacement_mean", "log_probability")
    ),
    "faithfulness_top10/score",
    "explanation/verdict_accuracy",
    "explanation/citations",
    "explanation/cites",
    "explanation/names_item",
    "explanation/judge_rating",
    "grounding/precision",
    "grounding/claims",
    "causes/f1",
    "causes/f1_chance",
    "causes/f1_limit",
    "text/length",
)
"""Per-case metrics that are archived, if a method has them."""
KEYS = ["data", "seed", "method", "case", "user"]
DIGITS = 3
TEXTS_A_METHOD = 50
"""Archived texts per method, over all data sets of a study."""


@dataclass(frozen=True)
class Archive:
    """The content of an archive.

    results: by data set, seed and method.
    settings, runs: configuration and record of each run, by run name.
    tables: file name to Markdown.
    notes: by method, remarks on its figures.
    """

    results: Mapping[str, Seeds]
    settings: Mapping[str, Mapping[str, Any]]
    runs: Mapping[str, Mapping[str, Any]]
    tables: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)


def archive(folder: Path, out: Path) -> list[Path]:
    """Archive a run, or all runs of a study, in `out`; return the written files.

    Raises:
        UserError: `folder` has no run or no results, or `out` contains runs.
    """
    runs = {_name(folder, run): run for run in run_folders(folder)}
    if any(out.rglob("config.yaml")):
        raise UserError(f"{out} contains a run: give another folder for the archive of {folder}.")
    tables = {name: folder / name for name in TABLES if (folder / name).is_file()}
    return write_archive(
        Archive(
            _results(runs),
            {name: read_yaml(run / "config.yaml") for name, run in runs.items()},
            {name: run_entry(run) for name, run in runs.items()},
            {name: _without_texts(path.read_text("utf-8")) for name, path in tables.items()},
        ),
        out,
    )


def write_archive(kept: Archive, out: Path) -> list[Path]:
    """Write an archive, replacing an earlier one; return the written files."""
    out.mkdir(parents=True, exist_ok=True)
    for name in (CASES, TEXTS, SETTINGS, RECORD, *TABLES):
        (out / name).unlink(missing_ok=True)
    _write_cases(kept.results, out / CASES)
    texts = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in _texts(kept.results))
    (out / TEXTS).write_text(texts, encoding="utf-8")
    settings = yaml.safe_dump(merged_settings(kept.settings), sort_keys=False, width=100)
    (out / SETTINGS).write_text(settings, encoding="utf-8")
    write_json(out / RECORD, {"notes": dict(kept.notes)} | merged_record(kept.runs))
    for name, text in kept.tables.items():
        (out / name).write_text(text, encoding="utf-8")
    return sorted(path for path in out.iterdir() if path.is_file())


def read_archive(folder: Path) -> dict[str, Seeds]:
    """Archived results with per-case numbers, by data set, seed and method.

    Metrics are the means of those numbers, with intervals over users. Samples are not included;
    `read_texts` reads them.

    Raises:
        UserError: there is no archive in `folder`.
    """
    frame = pd.read_parquet(_existing(folder / CASES))
    found: dict[str, dict[int, dict[str, Result]]] = {}
    for _, rows in frame.groupby(["data", "seed", "method"], sort=False, observed=True):
        data, seed, method = rows["data"].iloc[0], int(rows["seed"].iloc[0]), rows["method"].iloc[0]
        found.setdefault(data, {}).setdefault(seed, {})[method] = _result(method, rows)
    return {data: dict(sorted(seeds.items())) for data, seeds in found.items()}


def read_texts(folder: Path) -> list[dict[str, Any]]:
    """The archived questions: data, seed, case, item, label, reasons, history, and `texts`.

    `texts` maps each method to its text and score.

    Raises:
        UserError: there is no archive in `folder`.
    """
    lines = _existing(folder / TEXTS).read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def read_archived_record(folder: Path) -> dict[str, Any]:
    """The record of an archive: notes, environments, and an entry per run.

    Raises:
        UserError: there is no archive in `folder`.
    """
    return dict(json.loads(_existing(folder / RECORD).read_text("utf-8")))


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise UserError(
            f"no {path.name} in {path.parent}: give a folder that benchmarks/keep_results.py wrote."
        )
    return path


def _name(folder: Path, run: Path) -> str:
    """Name of a run: DATA/seed_N in a study; for a single run FOLDER/seed_N."""
    if run != folder:
        return str(run.relative_to(folder))
    return f"{run.resolve().name}/seed_{read_yaml(run / 'config.yaml').get('seed', 0)}"


def _results(runs: Mapping[str, Path]) -> dict[str, Seeds]:
    """Results by data set, seed and method; a variant's methods are named `METHOD, VARIANT`."""
    found: dict[str, dict[int, dict[str, Result]]] = {}
    for name, run in runs.items():
        data, _, folder = name.rpartition("/")
        if named := RUN_FOLDER.fullmatch(folder):
            seed, variant = int(named["seed"]), named["variant"]
            own = {method: _kept(r) for method, r in read_results(run / "evaluate").items()}
            if variant:
                methods = read_yaml(run / "config.yaml")["evaluation"]["methods"]
                own = {f"{m}{WITHIN}{variant}": r for m, r in own.items() if m in methods}
            found.setdefault(data, {}).setdefault(seed, {}).update(own)
    if not any(methods for seeds in found.values() for methods in seeds.values()):
        raise UserError(f"none of {', '.join(runs)} has results: run its evaluate stage first.")
    return {data: dict(sorted(seeds.items())) for data, seeds in found.items()}


def _kept(result: Result) -> Result:
    """The result with only the measures that are archived."""
    return replace(result, measures={n: m for n in KEPT if (m := result.measures.get(n))})


def _without_texts(tables: str) -> str:
    """Markdown without `UNKEPT_SECTIONS`, with paths relative to the working folder."""
    parts = re.split(r"^(?=#)", tables.replace(f"{Path.cwd()}/", ""), flags=re.MULTILINE)
    titles = (part.partition("\n")[0].lstrip("# ").strip() for part in parts)
    return "".join(
        part for part, title in zip(parts, titles, strict=True) if title not in UNKEPT_SECTIONS
    )


def _write_cases(results: Mapping[str, Seeds], path: Path) -> None:
    frames = [
        _frame(result).assign(data=data, seed=seed, method=method)
        for data, seeds in results.items()
        for seed, methods in seeds.items()
        for method, result in sorted(methods.items())
        if _explained(result)
    ]
    frame = pd.concat(frames, ignore_index=True)
    metrics = [str(name) for name in frame.columns if name not in KEYS]
    frame[metrics] = frame[metrics].astype("float32").round(DIGITS)
    frame = frame.astype(dict.fromkeys(("data", "method"), "category"))
    # One row group, and dictionaries only for names, compress best.
    frame[[*KEYS, *metrics]].to_parquet(
        path,
        index=False,
        compression="zstd",
        compression_level=19,
        use_dictionary=["data", "method"],
        row_group_size=len(frame),
        write_statistics=False,
    )


def _frame(result: Result) -> pd.DataFrame:
    """A row per explanation: the question and the metrics."""
    samples = _explained(result)
    users = next(iter(result.measures.values())).users
    columns = {
        "case": np.array([sample["case"] for sample in samples], dtype=np.int16),
        "user": users.astype(np.int32),
        "question/reasons": [sample.get("reasons") for sample in samples],
        "question/yes": [sample["label"] == "yes" for sample in samples],
    }
    return pd.DataFrame(columns | {name: m.values for name, m in result.measures.items()})


def _explained(result: Result) -> list[dict[str, Any]]:
    return [sample for sample in result.samples if sample.get("task") == "explanation"]


def _result(method: str, rows: pd.DataFrame) -> Result:
    users = rows["user"].to_numpy(dtype=int)
    measures = {
        name: Measure(rows[name].to_numpy(dtype=float), users)
        for name in rows.columns.difference(KEYS)
        if rows[name].notna().any()
    }
    metrics: dict[str, float | None] = {}
    for name, measure in measures.items():
        metrics |= estimate(measure).flat(name)
    return Result(method, "", metrics, measures, [])


def _texts(results: Mapping[str, Seeds]) -> Iterator[dict[str, Any]]:
    """A line per question, with the texts of all models shown for that seed."""
    each = -(-TEXTS_A_METHOD // len(results))
    for data, seeds in results.items():
        for seed, methods in _first_seeds(seeds).items():
            samples = [(m, s) for m, result in methods.items() for s in _explained(result)]
            cases = sorted({sample["case"] for _, sample in samples})
            drawn = np.random.default_rng(seed).permutation(cases)[:each].tolist()
            for case in sorted(drawn):
                yield _line(data, seed, [(m, s) for m, s in samples if s["case"] == case])


def _first_seeds(seeds: Seeds) -> dict[int, dict[str, Result]]:
    """Models by seed; each model appears under the first seed that has it."""
    found: dict[int, dict[str, Result]] = {}
    shown: set[str] = {*RULES}
    for seed, methods in seeds.items():
        own = {m: r for m, r in methods.items() if WITHIN not in m and _explained(r)}
        new = {m: r for m, r in own.items() if m not in shown}
        shown |= new.keys()
        if new:
            found[seed] = new
    return found


def _line(data: str, seed: int, samples: Sequence[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    _, first = samples[0]
    question = {key: first.get(key) for key in ("case", "item", "label", "reasons", "history")}
    texts = {method: _text(sample) for method, sample in samples}
    return {"data": data, "seed": seed, **question, "texts": texts}


def _text(sample: Mapping[str, Any]) -> dict[str, Any]:
    score = sample.get("scores", {}).get(SCORE)
    shown = None if score is None or np.isnan(score) else round(float(score), DIGITS)
    return {"text": sample["completion"], "score": shown}
