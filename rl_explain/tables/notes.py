"""Notes for readers of the tables: how to read intervals, calls and causes."""

from collections.abc import Mapping

from rl_explain.evaluation.results import Result

OVER_USERS = "Brackets: 95 % bootstrap intervals over the test users of one training."
TWO_LEVEL = (
    "Brackets: 95 % two-level bootstrap intervals: seeds are resampled, then the test users within "
    "them. A row with one seed has an interval over users."
)
CALLS = (
    "Recommender calls: histories that the recommender scores for one explanation, beyond those "
    "that choose the item; for a model, those for the vectors that its prompt shows."
)
CAUSES = (
    "Causes F1 compares the cited items with the planted causes of the preference, yes cases only; "
    "with the number of items asked for, at most {limit:.2f} is possible. Planted causes differ "
    "from influence on the recommender, which can rank an item high for other reasons."
)


def interval_note(results: Mapping[str, Result]) -> str:
    """How the intervals were resampled."""
    return TWO_LEVEL if any(r.num_seeds > 1 for r in results.values()) else OVER_USERS


def notes(results: Mapping[str, Result]) -> str:
    """Notes on what the tables contain; "" without results."""
    known = {name for r in results.values() for name, x in r.metrics.items() if x is not None}
    parts = [interval_note(results)] if known else []
    if "explanation/recommender_calls" in known:
        parts.append(CALLS)
    limits = [limit for r in results.values() if (limit := r.metrics.get("causes/f1_limit"))]
    if limits:
        parts.append(CAUSES.format(limit=max(limits)))
    return " ".join(parts)
