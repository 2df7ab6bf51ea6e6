"""The tables of metrics: those that matter most, and every other one folded away."""

import math
from collections.abc import Mapping, Sequence

from rl_explain.evaluation.results import Result
from rl_explain.evaluation.statistics import Estimate
from rl_explain.report.charts import Range, range_chart
from rl_explain.report.compared import Compared
from rl_explain.report.markup import Element
from rl_explain.report.parts import Figure, Section, Table
from rl_explain.tables.pressure import REASONS, VERDICTS
from rl_explain.tables.table import ALIGNMENT, EXPLANATIONS, Column, show

ENDS = ("/ci_low", "/ci_high")


def results_section(found: Compared) -> Section:
    """The tables of the terminal, a drawing of the first, and what users' pressure changed."""
    results = found.results
    captions = {
        "Explanations": EXPLANATIONS,
        "Alignment and text": ALIGNMENT,
        "Verdicts under pressure": VERDICTS,
        "False reasons taken over": REASONS,
    }
    made = [metric_table(caption, results, columns) for caption, columns in captions.items()]
    tables = [table for table in made if table.rows]
    if not tables:
        return Section("Results")
    figure = Figure("Values and 95 % intervals over users", _ranges(found))
    return Section("Results", [*tables[:1], figure, *tables[1:]])


def every_metric_section(found: Compared) -> Section:
    """All that was measured: a folded table for each group of metrics, rows being metrics."""
    results = found.results
    names = dict.fromkeys(
        name for r in results.values() for name in r.metrics if not name.endswith(ENDS)
    )
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(name.partition("/")[0], []).append(name)
    parts = [_transposed(group, results, metrics) for group, metrics in groups.items()]
    return Section("Every metric", [part for part in parts if part.rows])


def metric_table(caption: str, results: Mapping[str, Result], columns: Sequence[Column]) -> Table:
    """A row a method, a column a metric; rows and columns without any number are left out."""
    used = [c for c in columns if any(r.estimate(c.metric) for r in results.values())]
    rows = [
        [name, *(shown(result.estimate(c.metric), c.digits) for c in used)]
        for name, result in results.items()
    ]
    filled = [row for row in rows if any(cell != "–" for cell in row[1:])]
    return Table(caption, ["method", *(column.title for column in used)], filled)


def shown(estimate: Estimate | None, digits: int = 2) -> str:
    """`0.93 [0.91, 0.95]`, or the value alone where it has no interval."""
    if estimate is not None and math.isnan(estimate.low):
        return f"{estimate.value:.{digits}f}"
    return show(estimate, digits)


def _transposed(group: str, results: Mapping[str, Result], metrics: Sequence[str]) -> Table:
    """A row a metric, a column a method."""
    having = [m for m, r in results.items() if any(r.estimate(name) for name in metrics)]
    rows = [[name, *(shown(results[m].estimate(name)) for m in having)] for name in metrics]
    filled = [row for row in rows if any(cell != "–" for cell in row[1:])]
    return Table(group, ["metric", *having], filled, folded=True)


def _ranges(found: Compared) -> list[Element]:
    charts = []
    for column in EXPLANATIONS:
        known = {name: e for name, r in found.results.items() if (e := r.estimate(column.metric))}
        rows = [Range(n, e.value, e.low, e.high, found.styles[n]) for n, e in known.items()]
        if rows:
            charts.append(range_chart(column.title, rows, column.digits))
    return charts
