"""The summary at the end of a run: tables, what tuning changed, and explanations to read."""

from collections.abc import Mapping

from rl_explain.evaluation.results import Result
from rl_explain.evaluation.statistics import RESAMPLES
from rl_explain.tables.literature import literature_tables
from rl_explain.tables.paired_changes import paired_changes
from rl_explain.tables.pressure import pressure_tables
from rl_explain.tables.side_by_side import side_by_side
from rl_explain.tables.strata import strata_tables
from rl_explain.tables.table import markdown_tables, plain_tables


def plain_summary(results: Mapping[str, Result], resamples: int = RESAMPLES, seed: int = 0) -> str:
    """The summary for a terminal.

    Args:
        results: by row name (`names.named_rows`), models in table order.
        seed: seed of the resamples and of the choice of cases.
    """
    parts = [
        plain_tables(results),
        paired_changes(results, resamples, seed),
        side_by_side(results, seed=seed).replace("**", "").replace("`", ""),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def markdown_summary(
    results: Mapping[str, Result], resamples: int = RESAMPLES, seed: int = 0
) -> str:
    """The summary as Markdown, with the tables that do not fit a terminal."""
    parts = {
        "Results": markdown_tables(results),
        "What tuning changed": paired_changes(results, resamples, seed),
        "Metrics of the literature": literature_tables(results),
        "By history and confidence": strata_tables(results),
        "Under pressure": pressure_tables(results),
        "Explanations to read": side_by_side(results, seed=seed),
    }
    return "\n".join(f"## {title}\n\n{part}\n" for title, part in parts.items() if part)
