"""Faithfulness by number of cited items, by perturbation, and as deletion curves."""

import re
from collections.abc import Mapping, Sequence

from markupsafe import Markup

from rl_explain.evaluation.results import Result
from rl_explain.report.charts import Line, Point, line_chart
from rl_explain.report.compared import Compared
from rl_explain.report.parts import Figure, Part, Section
from rl_explain.report.sections.results import metric_table
from rl_explain.tables.table import Column

FAITHFULNESS_SCORE = "faithfulness/score"
BY_NUMBER = {
    "faithfulness score by items cited": (f"{FAITHFULNESS_SCORE}/cited_", "items cited"),
    "faithfulness (masking) by items cited": (
        f"{FAITHFULNESS_SCORE}_masking/cited_",
        "items cited",
    ),
    "faithfulness score by reasons asked": (f"{FAITHFULNESS_SCORE}/reasons_", "reasons asked"),
    "deletion (lower is better)": ("literature/del/ke_", "items removed"),
    "insertion (higher is better)": ("literature/ins/ke_", "items kept"),
}
"""By chart title: the prefix of its metrics' names, before a number, and the x axis label."""
PERTURBATIONS = (
    Column("deletion", FAITHFULNESS_SCORE),
    Column("masking", f"{FAITHFULNESS_SCORE}_masking"),
    Column("replacement", f"{FAITHFULNESS_SCORE}_replacement"),
    Column("replacement, mean", f"{FAITHFULNESS_SCORE}_replacement_mean"),
    Column("log-probability", f"{FAITHFULNESS_SCORE}_log_probability"),
    Column("top 10, log-probability", "faithfulness_top10/score"),
    Column("top 10, membership", "faithfulness_top10/score_membership"),
)
BELOW_AXIS = {
    "deletion": "del.",
    "masking": "mask",
    "replacement": "repl.",
    "replacement, mean": "mean",
    "log-probability": "log p",
    "top 10, log-probability": "top 10",
    "top 10, membership": "in top",
}
"""Short column names for an axis."""
LABELS = (
    Column("yes items", f"{FAITHFULNESS_SCORE}/yes"),
    Column("no items", f"{FAITHFULNESS_SCORE}/no"),
)
APART = 0.025
"""Horizontal offset between two methods' bars, in units of the axis."""


def faithfulness_section(found: Compared) -> Section:
    """Charts with 95 % intervals, and their numbers in tables."""
    results = found.results
    numbered = {title: _columns(results, start) for title, (start, _) in BY_NUMBER.items()}
    charts = [
        _chart(found, title, columns, BY_NUMBER[title][1])
        for title, columns in numbered.items()
        if len(columns) > 1
    ]
    perturbed = [c for c in PERTURBATIONS if any(r.estimate(c.metric) for r in results.values())]
    if len(perturbed) > 1:
        charts.append(_chart(found, "faithfulness score by perturbation", perturbed, ""))
    tables = {
        "Faithfulness score by perturbation, and by label": (*PERTURBATIONS, *LABELS),
        **{title[:1].upper() + title[1:]: columns for title, columns in numbered.items()},
    }
    made = [metric_table(title, results, columns) for title, columns in tables.items()]
    parts: list[Part] = [*_figure(found, charts), *(table for table in made if table.rows)]
    return Section("Faithfulness", parts)


def _figure(found: Compared, charts: Sequence[Markup]) -> list[Figure]:
    caption = "Faithfulness with 95 % intervals; rules are grey and dashed"
    legend = {name: found.styles[name] for name in found.results}
    return [Figure(caption, charts, legend)] if charts else []


def _columns(results: Mapping[str, Result], start: str) -> list[Column]:
    """The metrics named `start` plus a number, sorted by that number."""
    form = re.compile(rf"{re.escape(start)}(\d+)")
    numbers = {
        int(named[1]) for r in results.values() for m in r.metrics if (named := form.fullmatch(m))
    }
    return [Column(str(number), f"{start}{number}") for number in sorted(numbers)]


def _chart(found: Compared, title: str, columns: Sequence[Column], x_label: str) -> Markup:
    """A chart with a line per table row, over its columns."""
    lines = []
    for name, result in found.results.items():
        known = [(x, result.estimate(column.metric)) for x, column in enumerate(columns)]
        points = [Point(x, e.value, e.low, e.high) for x, e in known if e is not None]
        if points:
            lines.append(Line(name, points, found.styles[name]))
    names = [BELOW_AXIS.get(column.title, column.title) for column in columns]
    return line_chart(title, lines, x_label, names, APART)
