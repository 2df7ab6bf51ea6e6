"""What tuning changed, as text: each tuned model against the SFT model it started from."""

from collections.abc import Mapping

from rl_explain.evaluation.results import Result
from rl_explain.evaluation.statistics import RESAMPLES, Estimate, difference, direction, overlap
from rl_explain.tables.table import show

NOT_TUNED = ("base", "sft", "sft_clean")
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
"""Compared metrics and their names in the text."""
NO_CLEAR_DIFFERENCE = "no clear difference"


def paired_changes(
    results: Mapping[str, Result], resamples: int = RESAMPLES, seed: int = 0, start: str = "sft"
) -> str:
    """A paragraph per tuned model of one run: every watched metric before and after.

    "above" and "below": the 95 % interval of the difference, paired over users, excludes 0. The
    text also says whether the two models' own intervals overlap.
    """
    by_method = {result.method: result for result in results.values()}
    if start not in by_method:
        return ""
    models = [r for r in by_method.values() if r.kind == "model" and r.method not in NOT_TUNED]
    return "\n\n".join(_paragraph(by_method[start], tuned, resamples, seed) for tuned in models)


def _paragraph(start: Result, tuned: Result, resamples: int, seed: int) -> str:
    lines = [f"{tuned.method} against {start.method}:"]
    for metric, name in WATCHED.items():
        before, after = start.estimate(metric), tuned.estimate(metric)
        if before is not None and after is not None:
            change = _change(start, tuned, metric, resamples, seed)
            figures = f"{before.value:.2f} -> {after.value:.2f}"
            lines.append(f"- {name} {figures}{_said(change)}; intervals {overlap(before, after)}")
    return "\n".join(lines)


def _change(
    start: Result, tuned: Result, metric: str, resamples: int, seed: int
) -> Estimate | None:
    """The paired difference; `None` for a metric that is not a mean over cases."""
    if metric not in start.measures or metric not in tuned.measures:
        return None
    return difference(tuned.measures[metric], start.measures[metric], resamples, seed)


def _said(change: Estimate | None) -> str:
    """The change as text, such as `, +0.25 [0.22, 0.29], above`."""
    if change is None:
        return ""
    word = direction(change, [change])
    clear = NO_CLEAR_DIFFERENCE if word == "-" else word
    return f", {'+' * (change.value >= 0)}{show(change)}, {clear}"
