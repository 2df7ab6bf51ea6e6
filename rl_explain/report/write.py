"""`rl-explain report`: reads a folder and writes `report.html` and `report.md` into it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rl_explain import __version__
from rl_explain.errors import UserError
from rl_explain.report.compared import compared
from rl_explain.report.folder import RunFolder, is_run, read_run, studied_folders
from rl_explain.report.markdown import to_markdown
from rl_explain.report.page import to_page
from rl_explain.report.parts import Section
from rl_explain.report.sections.changes import changes_section
from rl_explain.report.sections.curves import curves_section
from rl_explain.report.sections.explanations import LIMIT, explanations_section
from rl_explain.report.sections.faithfulness import faithfulness_section
from rl_explain.report.sections.provenance import (
    missing_section,
    provenance_section,
    runs_section,
    training_section,
)
from rl_explain.report.sections.results import (
    every_metric_section,
    lengths_section,
    results_section,
)

PAGE, MARKDOWN = "report.html", "report.md"


def write_report(folder: str | Path) -> Path:
    """Write the report of a run or a study; return the path of the page.

    Reads only metrics, results, logs and settings in the folder: no model and no data set.

    Raises:
        UserError: the folder has neither a run nor a study.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise UserError(f"no folder {folder}: give the output_dir of a run or a study.")
    sections, runs = _of_run(folder) if is_run(folder) else _of_study(folder)
    about = "Run" if is_run(folder) else "Study"
    title = f"{about} {folder.resolve().name}"
    path = folder / PAGE
    path.write_text(to_page(title, _subtitle(runs), sections), encoding="utf-8")
    (folder / MARKDOWN).write_text(to_markdown(title, sections), encoding="utf-8")
    return path


def _of_run(folder: Path) -> tuple[list[Section], list[RunFolder]]:
    run = read_run(folder, folder.resolve().name)
    shown = _shown([run], LIMIT)
    ends = [missing_section([run]), training_section([run]), provenance_section([run])]
    return [*shown, *(section for section in ends if not section.empty)], [run]


def _of_study(study: Path) -> tuple[list[Section], list[RunFolder]]:
    """A chapter per data set, then the sections about all runs."""
    chapters, every = [], []
    folders = studied_folders(study)
    for data, paths in folders.items():
        runs = [read_run(path, f"{data}/{path.name}") for path in paths]
        sections = _shown(runs, LIMIT // len(folders))
        seeds = sorted({run.seed for run in runs if run.results and not run.variant})
        pooled = f"Pooled over the seeds {', '.join(map(str, seeds))}." if seeds else ""
        chapters.append(Section(data, [pooled] if pooled else [], sections))
        for run in runs:  # keep the numbers and texts of only one data set in memory
            run.logs = {}
            run.results = {m: replace(r, measures={}, samples=[]) for m, r in run.results.items()}
        every += runs
    ends = [runs_section(every), missing_section(every), training_section(every)]
    ends.append(provenance_section(every))
    return [*chapters, *(section for section in ends if not section.empty)], every


def _shown(runs: Sequence[RunFolder], cases: int) -> list[Section]:
    """The non-empty sections about one data set; the first run notes the empty ones as missing."""
    found = compared(runs)
    sections = [
        results_section(found),
        changes_section(found),
        faithfulness_section(found),
        curves_section(found),
        lengths_section(found),
        explanations_section(found, cases),
        every_metric_section(found),
    ]
    absent = [section.title for section in sections if section.empty]
    if absent and runs:
        runs[0].missing.append(f"nothing to show under: {', '.join(absent)}")
    return [section for section in sections if not section.empty]


def _subtitle(runs: Sequence[RunFolder]) -> str:
    unfinished = sum(not run.results for run in runs)
    text = f"{len(runs)} run{'s' * (len(runs) != 1)}"
    if unfinished:
        text += f", {unfinished} without results"
    return f"{text}. Written by rl-explain report, rl_explain {__version__}."
