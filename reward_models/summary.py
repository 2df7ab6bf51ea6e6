"""Statistics of a batch's scores, for logs."""

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from reward_models.types import FAILED, Range, Score, is_number


def score_summary(scores: Sequence[Score], bounds: Range | None = None) -> dict[str, float]:
    """Statistics of the scores of one term or of the total.

    Args:
        bounds: lowest and highest possible score, if known.

    Returns:
        `mean` and population `std` of the scored completions, absent if there are none; `none` and
        `failed`, as shares of the batch in [0, 1]; with `bounds` also `at_low` and `at_high`, the
        shares of the scored completions at either bound, in [0, 1].
    """
    known = np.array([score for score in scores if is_number(score)])
    batch = max(len(scores), 1)
    shares = {
        "none": sum(score is None for score in scores) / batch,
        "failed": sum(score is FAILED for score in scores) / batch,
    }
    if not len(known):
        return shares
    figures = {"mean": float(np.mean(known)), "std": float(np.std(known)), **shares}
    if bounds is not None:
        low, high = bounds
        figures |= {
            "at_low": float((known <= low).mean()),
            "at_high": float((known >= high).mean()),
        }
    return figures


def correlations(terms: Mapping[str, Sequence[Score]]) -> dict[str, float]:
    """`correlation/A,B`: Pearson correlation over the completions that both terms scored.

    Absent for fewer than two such completions, or if a term scores all of them alike.
    """
    found = {}
    for (a, first), (b, second) in combinations(terms.items(), 2):
        pairs = [
            (x, y) for x, y in zip(first, second, strict=True) if is_number(x) and is_number(y)
        ]
        columns = np.array(pairs, dtype=float).reshape(-1, 2)
        if len(columns) > 1 and np.ptp(columns, axis=0).all():
            found[f"correlation/{a},{b}"] = float(np.corrcoef(columns.T)[0, 1])
    return found
