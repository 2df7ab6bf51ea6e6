"""One table of a whole study: every data set and method, by the main metrics."""

from collections.abc import Mapping

from rl_explain.evaluation.results import Result
from rl_explain.studies.collect import WITHIN
from rl_explain.studies.pool import Seeds
from rl_explain.tables.markdown import markdown_table
from rl_explain.tables.table import MISSING, Column, shown

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
"""Faithfulness under three perturbations, verdicts, grounding, ranking, both judges, length."""


def overview(seeds: Mapping[str, Seeds], pooled: Mapping[str, Mapping[str, Result]]) -> str:
    """A Markdown table with a row per data set and method, pooled over seeds.

    The third column counts the seeds. Rows without numbers are left out, and so are controls and
    variants, which have their own tables.

    Args:
        seeds: results by data set, seed and method.
        pooled: results by data set and row name, in the order of the rows.
    """
    rows = []
    for data, methods in pooled.items():
        for name, result in methods.items():
            having = sum(result.method in results for results in seeds[data].values())
            cells = shown(result, COLUMNS)
            if WITHIN not in name and any(cell != MISSING for cell in cells):
                rows.append([data, name, str(having), *cells])
    return markdown_table(["data", "method", "seeds", *(c.title for c in COLUMNS)], rows)
