"""The tables at the end of a run: one row per method, one column per metric, intervals in brackets.

Rows keep the order of the given results: first the models, then the rules.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rl_explain.evaluation.results import Result
from rl_explain.evaluation.statistics import Estimate
from rl_explain.tables.markdown import markdown_table
from rl_explain.tables.notes import notes
from rl_explain.tables.terminal import terminal_table

MISSING = "–"


@dataclass(frozen=True)
class Column:
    """A metric and its column title."""

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
    Column("recommender calls", "explanation/recommender_calls", digits=0),
)
TASKS_AND_TEXT = (
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
BLOCKS = (EXPLANATIONS, TASKS_AND_TEXT)
"""One table each."""


def plain_tables(results: Mapping[str, Result], width: int | None = None) -> str:
    """The tables as text for a terminal, and how to read them; `results` by row name."""
    tables = [terminal_table(*metric_rows(results, block), width) for block in BLOCKS]
    return "\n\n".join(part for part in (*tables, notes(results)) if part)


def markdown_tables(results: Mapping[str, Result]) -> str:
    """The tables as Markdown, and how to read them."""
    tables = [metric_table(results, block) for block in BLOCKS]
    return "\n\n".join(part for part in (*tables, notes(results)) if part)


def metric_table(results: Mapping[str, Result], columns: Sequence[Column]) -> str:
    """One table of these columns as Markdown; "" if no method has any of the numbers."""
    return markdown_table(*metric_rows(results, columns))


def metric_rows(
    results: Mapping[str, Result], columns: Sequence[Column]
) -> tuple[list[str], list[list[str]]]:
    """The header and one row per method, without columns and rows that have no number."""
    used = [c for c in columns if any(r.estimate(c.metric) for r in results.values())]
    models_first = sorted(results.items(), key=lambda row: row[1].kind == "rule")
    rows = [[name, *shown(result, used)] for name, result in models_first]
    filled = [row for row in rows if any(cell != MISSING for cell in row[1:])]
    return ["method", *(column.title for column in used)], filled


def shown(result: Result, columns: Sequence[Column]) -> list[str]:
    """The cells of a row."""
    return [show(result.estimate(column.metric), column.digits) for column in columns]


def show(estimate: Estimate | None, digits: int = 2) -> str:
    """`0.93 [0.91, 0.95]`; only the value if it has no interval; a dash for `None`."""
    if estimate is None:
        return MISSING
    if math.isnan(estimate.low):
        return f"{estimate.value:.{digits}f}"
    value, low, high = (f"{x:.{digits}f}" for x in (estimate.value, estimate.low, estimate.high))
    return f"{value} [{low}, {high}]"
