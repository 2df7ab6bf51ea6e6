"""Metrics by length of the history and by the recommender's confidence, in a report."""

from collections.abc import Mapping

from rl_explain.evaluation.results import Result
from rl_explain.evaluation.strata import STRATA
from rl_explain.tables.table import Column, metric_table

METRICS = {
    "Faithfulness score": "faithfulness/score",
    "CDCG ↓ at Ke = 1": "literature/cdcg/ke_1",
}


def strata_tables(results: Mapping[str, Result]) -> str:
    """Markdown: a table a metric, a column a group that has cases; "" where no method has any."""
    tables = {title: _table(results, metric) for title, metric in METRICS.items()}
    return "\n\n".join(f"### {title}\n\n{table}" for title, table in tables.items() if table)


def _table(results: Mapping[str, Result], metric: str) -> str:
    columns = [Column(name.replace("_", ": "), f"{metric}/{name}") for name in STRATA]
    return metric_table(results, columns)
