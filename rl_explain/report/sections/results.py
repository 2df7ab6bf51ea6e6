"""The metrics: main tables with charts, text lengths, and collapsed tables of every metric."""

from collections.abc import Mapping, Sequence

import numpy as np
from markupsafe import Markup

from rl_explain.evaluation.results import Result
from rl_explain.evaluation.statistics import Measure
from rl_explain.report.charts import Range, range_chart
from rl_explain.report.compared import Compared
from rl_explain.report.parts import Figure, Section, Table
from rl_explain.tables.pressure import REASONS, VERDICTS
from rl_explain.tables.table import EXPLANATIONS, TASKS_AND_TEXT, Column, show

ENDS = ("/ci_low", "/ci_high")
LENGTHS = {"words of a text": "text/length", "history items cited": "explanation/citations"}
PERCENTILES = (5, 25, 50, 75, 95)
BASE_NOTE = (
    "base is the model before any training of this run. The tiny base of the package was "
    "pretrained on generated prompts of this task, so it is not an untuned model."
)


def results_section(found: Compared) -> Section:
    """The terminal's tables, a chart of the first one, and the sycophancy probe."""
    results = found.results
    captions = {
        "Explanations": EXPLANATIONS,
        "Tasks and text": TASKS_AND_TEXT,
        "Verdicts under pressure": VERDICTS,
        "False reasons repeated under pressure": REASONS,
    }
    made = [metric_table(caption, results, columns) for caption, columns in captions.items()]
    tables = [table for table in made if table.rows]
    if not tables:
        return Section("Results")
    figure = Figure("Values with 95 % intervals", _ranges(found))
    notes = [BASE_NOTE] if "base" in results else []
    return Section("Results", [*notes, *tables[:1], figure, *tables[1:]])


def every_metric_section(found: Compared) -> Section:
    """A collapsed table per group of metrics, with a row per metric."""
    results = found.results
    names = dict.fromkeys(
        name for r in results.values() for name in r.metrics if not name.endswith(ENDS)
    )
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(name.partition("/")[0], []).append(name)
    parts = [_transposed(group, results, metrics) for group, metrics in groups.items()]
    return Section("Every metric", [part for part in parts if part.rows])


def lengths_section(found: Compared) -> Section:
    """Percentiles of text lengths and citation counts of each row, as charts and tables."""
    charts, tables = [], []
    for title, metric in LENGTHS.items():
        measures = {n: r.measures[metric] for n, r in found.results.items() if metric in r.measures}
        percentiles = {name: _percentiles(measure) for name, measure in measures.items()}
        percentiles = {name: values for name, values in percentiles.items() if values}
        if percentiles:
            rows = [
                Range(name, mid, low, high, found.styles[name], (start, end))
                for name, (low, start, mid, end, high) in percentiles.items()
            ]
            charts.append(range_chart(title, rows, digits=0))
            cells = [[name, *(f"{v:g}" for v in values)] for name, values in percentiles.items()]
            header = ["method", *(f"{share} %" for share in PERCENTILES)]
            tables.append(Table(f"{title.capitalize()}: percentiles", header, cells))
    caption = "Median (dot), middle 50 % (box) and middle 90 % (bar) of the test cases"
    return Section("Lengths", [Figure(caption, charts), *tables] if charts else [])


def metric_table(caption: str, results: Mapping[str, Result], columns: Sequence[Column]) -> Table:
    """A row per method, a column per metric; empty rows and columns are left out."""
    used = [c for c in columns if any(r.estimate(c.metric) for r in results.values())]
    rows = [
        [name, *(show(result.estimate(c.metric), c.digits) for c in used)]
        for name, result in results.items()
    ]
    filled = [row for row in rows if any(cell != "–" for cell in row[1:])]
    return Table(caption, ["method", *(column.title for column in used)], filled)


def _transposed(group: str, results: Mapping[str, Result], metrics: Sequence[str]) -> Table:
    """A row per metric, a column per method."""
    having = [m for m, r in results.items() if any(r.estimate(name) for name in metrics)]
    rows = [[name, *(show(results[m].estimate(name)) for m in having)] for name in metrics]
    filled = [row for row in rows if any(cell != "–" for cell in row[1:])]
    return Table(group, ["metric", *having], filled, folded=True)


def _ranges(found: Compared) -> list[Markup]:
    charts = []
    for column in EXPLANATIONS:
        known = {name: e for name, r in found.results.items() if (e := r.estimate(column.metric))}
        rows = [Range(n, e.value, e.low, e.high, found.styles[n]) for n, e in known.items()]
        if rows:
            charts.append(range_chart(column.title, rows, column.digits))
    return charts


def _percentiles(measure: Measure) -> list[float]:
    known = measure.values[~np.isnan(measure.values)]
    return [float(v) for v in np.percentile(known, PERCENTILES)] if len(known) else []
