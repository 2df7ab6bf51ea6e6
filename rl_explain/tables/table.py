"""The table at the end of a run: a row a method, a column a metric, intervals in brackets."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from rl_explain.config.settings import Rule
from rl_explain.evaluation.results import Result
from rl_explain.evaluation.statistics import Estimate
from rl_explain.evaluation.task_metrics import MOST_FREQUENT_ITEM

BELOW = (*get_args(Rule), MOST_FREQUENT_ITEM)
"""Rows below the models."""


@dataclass(frozen=True)
class Column:
    """A metric and what the table calls it."""

    title: str
    metric: str
    digits: int = 2


EXPLANATIONS = (
    Column("verdict accuracy", "explanation/verdict_accuracy"),
    Column("faithfulness score", "faithfulness/score"),
    Column("faithfulness (masking)", "faithfulness/score_masking"),
    Column("grounding", "grounding/precision"),
    Column("cites", "explanation/cites"),
    Column("causes F1", "causes/f1"),
)
ALIGNMENT = (
    Column("retrieval hit@5", "retrieval/hit@5"),
    Column("constrained hit@5", "retrieval_constrained/hit@5"),
    Column("history HCR", "history/hcr"),
    Column("ranking NDCG@5", "ranking/ndcg@5"),
    Column("classification", "classification/accuracy"),
    Column("judge (1-4)", "explanation/judge_rating", digits=1),
    Column("plausibility (1-4)", "explanation/judge_rating_plausibility", digits=1),
    Column("ROUGE-L", "text/rouge_l"),
    Column("distinct-2", "text/distinct_2"),
    Column("length", "text/length", digits=1),
    Column("ended", "text/ended"),
)
BLOCKS = (EXPLANATIONS, ALIGNMENT)
"""One table each: all columns beside each other would be wider than a terminal."""


def plain_tables(results: Mapping[str, Result]) -> str:
    """The tables as text for a terminal."""
    return "\n\n".join(_plain(_cells(results, block)) for block in BLOCKS)


def markdown_tables(results: Mapping[str, Result]) -> str:
    """The tables as Markdown."""
    return "\n\n".join(_markdown(_cells(results, block)) for block in BLOCKS)


def markdown_table(results: Mapping[str, Result], columns: Sequence[Column]) -> str:
    """One table of these columns as Markdown; "" where no method has any of the numbers."""
    cells = _cells(results, columns)
    return _markdown(cells) if len(cells) > 1 else ""


def in_order(methods: Iterable[str]) -> list[str]:
    """Models in the order given, then the baselines."""
    given = list(methods)
    return [*(m for m in given if m not in BELOW), *(m for m in BELOW if m in given)]


def _cells(results: Mapping[str, Result], columns: Sequence[Column]) -> list[list[str]]:
    """The header and a row a method; columns and rows without any number are left out."""
    used = [c for c in columns if any(r.estimate(c.metric) for r in results.values())]
    rows = [[method, *_row(results[method], used)] for method in in_order(results)]
    filled = [row for row in rows if any(cell != "–" for cell in row[1:])]
    return [["method", *(column.title for column in used)], *filled]


def _row(result: Result, columns: Sequence[Column]) -> list[str]:
    return [show(result.estimate(column.metric), column.digits) for column in columns]


def show(estimate: Estimate | None, digits: int = 2) -> str:
    """`0.93 [0.91, 0.95]`; the value alone where it has no interval; a dash where it is none."""
    if estimate is None:
        return "–"
    if math.isnan(estimate.low):
        return f"{estimate.value:.{digits}f}"
    value, low, high = (f"{x:.{digits}f}" for x in (estimate.value, estimate.low, estimate.high))
    return f"{value} [{low}, {high}]"


def _plain(cells: list[list[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]
    rule = "  ".join("-" * width for width in widths)
    return "\n".join([lines[0], rule, *lines[1:]])


def _markdown(cells: list[list[str]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in cells]
    rule = f"|{'|'.join(' --- ' for _ in cells[0])}|"
    return "\n".join([lines[0], rule, *lines[1:]])
