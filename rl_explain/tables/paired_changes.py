"""What a tuning method moved, against the supervised model it started from."""

from collections.abc import Mapping

from rl_explain.evaluation.results import Result
from rl_explain.evaluation.statistics import RESAMPLES, Estimate, difference, overlap
from rl_explain.tables.table import BELOW, in_order, show

UNTUNED = ("base", "sft", "sft_clean")
WATCHED = {
    "faithfulness/score": "faithfulness score",
    "faithfulness/score_masking": "faithfulness score under masking",
    "explanation/verdict_accuracy": "verdict accuracy",
    "grounding/precision": "grounding precision",
    "explanation/cites": "yes explanations that cite",
    "ranking/ndcg@5": "ranking NDCG@5",
    "causes/f1": "causes F1",
    "text/distinct_2": "distinct-2",
}
"""Metrics that are compared, and what the report calls them."""


def paired_changes(
    results: Mapping[str, Result], resamples: int = RESAMPLES, seed: int = 0, start: str = "sft"
) -> str:
    """A paragraph for each tuned method: every watched metric before and after.

    Differences are paired over users and carry their own 95 % interval; a metric has moved when
    that interval excludes 0. Beside it stands whether the two methods' intervals are apart, which
    asks for more.
    """
    if start not in results:
        return ""
    tuned = [m for m in in_order(results) if m not in UNTUNED + BELOW]
    return "\n\n".join(_paragraph(results[start], results[m], resamples, seed) for m in tuned)


def _paragraph(start: Result, tuned: Result, resamples: int, seed: int) -> str:
    lines = [f"What {tuned.method} moved, against {start.method} (test users, 95 % intervals):"]
    for metric, name in WATCHED.items():
        before, after = start.estimate(metric), tuned.estimate(metric)
        if before is not None and after is not None:
            change = _change(start, tuned, metric, resamples, seed)
            figures = f"{show(before)} -> {show(after)}"
            lines.append(
                f"- {name}: {figures}{_verdict(change)}, intervals {overlap(before, after)}"
            )
    return "\n".join(lines)


def _change(
    start: Result, tuned: Result, metric: str, resamples: int, seed: int
) -> Estimate | None:
    """The paired difference; `None` for a metric that is no mean over cases."""
    if metric not in start.measures or metric not in tuned.measures:
        return None
    return difference(tuned.measures[metric], start.measures[metric], resamples, seed)


def _verdict(change: Estimate | None) -> str:
    if change is None:
        return ""
    word = "up" if change.low > 0 else "down" if change.high < 0 else "no clear change"
    return f" ({word}: {change.value:+.2f} [{change.low:+.2f}, {change.high:+.2f}])"
