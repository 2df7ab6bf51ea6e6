"""Metrics by history length and by the recommender's confidence, for the report."""

from collections.abc import Mapping

from rl_explain.evaluation.results import Result
from rl_explain.evaluation.strata import STRATA
from rl_explain.tables.table import Column, metric_table

METRICS = {
    "Faithfulness score": "faithfulness/score",
    "CDCG ↓ at Ke = 1": "literature/cdcg/ke_1",
}


def strata_tables(results: Mapping[str, Result]) -> str:
    """Markdown: one table per metric, one column per group with cases; "" if there are none."""
    tables = {title: _table(results, metric) for title, metric in METRICS.items()}
    return "\n\n".join(f"### {title}\n\n{table}" for title, table in tables.items() if table)


def _table(results: Mapping[str, Result], metric: str) -> str:
    columns = [Column(name.replace("_", ": "), f"{metric}/{name}") for name in STRATA]
    return metric_table(results, columns)
