"""One table of a whole study: every data set and method, by the measures that decide."""

from collections.abc import Mapping

from rl_explain.evaluation.results import Result
from rl_explain.studies.collect import WITHIN
from rl_explain.studies.pool import Seeds
from rl_explain.tables.table import Column, in_order, show

COLUMNS = (
    Column("faithfulness score", "faithfulness/score"),
    Column("masking", "faithfulness/score_masking"),
    Column("replacement", "faithfulness/score_replacement"),
    Column("verdict accuracy", "explanation/verdict_accuracy"),
    Column("grounding", "grounding/precision"),
    Column("ranking NDCG@5", "ranking/ndcg@5"),
    Column("rubric judge (1-4)", "explanation/judge_rating", digits=1),
    Column("plausibility judge (1-4)", "explanation/judge_rating_plausibility", digits=1),
    Column("words", "text/length", digits=1),
)
"""Faithfulness under three perturbations, alignment, grounding, both judges and length."""


def overview(seeds: Mapping[str, Seeds], pooled: Mapping[str, Mapping[str, Result]]) -> str:
    """Markdown: a row a data set and method, pooled over the seeds that the third column counts.

    Controls and variants are left out: they answer other questions, in tables of their own. So are
    rows without any number.

    Args:
        seeds: results by data set, seed and method.
        pooled: results by data set and method.
    """
    header = ["data", "method", "seeds", *(column.title for column in COLUMNS)]
    rows = [header, ["---"] * len(header)]
    for data, methods in pooled.items():
        for method in in_order(name for name in methods if WITHIN not in name):
            having = sum(method in results for results in seeds[data].values())
            cells = [show(methods[method].estimate(c.metric), c.digits) for c in COLUMNS]
            if any(cell != "–" for cell in cells):
                rows.append([data, method, str(having), *cells])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
