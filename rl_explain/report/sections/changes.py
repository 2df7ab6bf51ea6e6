"""The heat map of paired changes between rows, over all metrics."""

from collections.abc import Mapping, Sequence

import numpy as np

from rl_explain.evaluation.results import Result
from rl_explain.evaluation.statistics import ByUser, Estimate, difference
from rl_explain.report.compared import Compared
from rl_explain.report.parts import Section, Table
from rl_explain.tables.table import EXPLANATIONS, TASKS_AND_TEXT, Column

START = "sft"
"""The method that tuning starts from."""
OTHERS = (
    Column("faithfulness (replacement)", "faithfulness/score_replacement"),
    Column("faithfulness (log-prob.)", "faithfulness/score_log_probability"),
)
METRICS = (*EXPLANATIONS[:3], *OTHERS, *EXPLANATIONS[3:], *TASKS_AND_TEXT)
LEAST = 0.05
"""Minimum scale of a column's colours: if all changes are smaller, none gets the full colour."""
READ = (
    "Differences in each metric's own scale, with paired 95 % intervals: over the users of one "
    "seed, or two-level (seeds, then users within them) over the seeds that both rows have. A star "
    "marks an interval that excludes 0. Blue means up and orange down, better or not; the darkest "
    f"colour marks the largest change of a column, or {LEAST} if all changes are smaller."
)


def changes_section(found: Compared) -> Section:
    """Changes of each method against SFT, and of each variant against its method."""
    tuned = [name for name in found.models if name != START] if START in found.seeds else []
    usual = {name: name.partition(", ")[0] for name in found.variants}
    pairs = {name: pair for name in tuned if (pair := found.beside(name, START))}
    varied = {
        name: pair
        for name, method in usual.items()
        if method in found.seeds and (pair := found.beside(name, method))
    }
    tables = [
        change_table(f"Against {START}", pairs, METRICS),
        change_table("Variants against the unchanged method", varied, METRICS),
    ]
    filled = [table for table in tables if table.rows]
    return Section("What changed", [READ, *filled] if filled else [])


def change_table(
    caption: str, pairs: Mapping[str, tuple[Result, Result]], columns: Sequence[Column]
) -> Table:
    """A row per pair of results: the first minus the second, in each metric."""
    found = {
        (row, column): change
        for row, (result, start) in enumerate(pairs.values())
        for column, metric in enumerate(columns)
        if (change := _change(result, start, metric.metric)) is not None
    }
    used = sorted({column for _, column in found})
    rows: list[list[str]] = []
    tones: dict[tuple[int, int], float] = {}
    for row, name in enumerate(pairs):
        changes = [found.get((row, column)) for column in used]
        if any(changes):
            for place, (column, change) in enumerate(zip(used, changes, strict=True), start=1):
                if change is not None:
                    sizes = [abs(e.value) for (_, c), e in found.items() if c == column]
                    tones[len(rows), place] = change.value / max(LEAST, *sizes)
            cells = zip(changes, used, strict=True)
            rows.append([name, *(_show(change, columns[c].digits) for change, c in cells)])
    return Table(caption, ["method", *(columns[c].title for c in used)], rows, tones)


def _change(result: Result, start: Result, metric: str) -> Estimate | None:
    """The change in a metric: paired if both have the same users, else without an interval."""
    a, b = result.measures.get(metric), start.measures.get(metric)
    if a is not None and b is not None and np.array_equal(ByUser.of(a).keys, ByUser.of(b).keys):
        change = difference(a, b)
        return None if np.isnan(change.value) else change
    values = result.metrics.get(metric), start.metrics.get(metric)
    if values[0] is None or values[1] is None:
        return None
    return Estimate(values[0] - values[1], np.nan, np.nan)


def _show(change: Estimate | None, digits: int) -> str:
    """`+0.23 * [+0.19, +0.27]`, or the value alone if it has no interval."""
    if change is None:
        return "–"
    value = f"{change.value:+.{digits}f}"
    if np.isnan(change.low):
        return value
    clear = " *" if change.low > 0 or change.high < 0 else ""
    return f"{value}{clear} [{change.low:+.{digits}f}, {change.high:+.{digits}f}]"
