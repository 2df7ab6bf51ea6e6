"""How well does an answer order the candidates (Järvelin and Kekäläinen 2002)?

NDCG@k = DCG / ideal DCG,   DCG = sum_{j=1..k} gain(true rank of the j-th prediction) / log2(j+1)

Range [-1, 1], 0 on average for a random order. Tasks: ranking. Resists: repeated titles and titles
that are not candidates, which gain nothing and take up a position; the candidates in the order
shown, which is random.
"""

from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np

from reward_models.context import RewardContext
from reward_models.perturb.scoring import score_chunks
from reward_models.text.citations import parse_list
from reward_models.types import History, Score

Scheme: TypeAlias = Literal["linear", "exponential", "recexplainer"]


def gains(scheme: Scheme, n: int) -> np.ndarray:
    """Gain of each true rank among `n` candidates, best first: (n,); the last gain is 0.

    For n = 5: `linear` 4, 3, 2, 1, 0; `exponential` 15, 7, 3, 1, 0; `recexplainer` 1000, 100, 10,
    1, 0 (Lei et al. 2024), where the top item decides almost alone.
    """
    left = np.arange(n - 1, -1, -1.0)  # candidates below each rank
    if scheme == "linear":
        return left
    if scheme == "exponential":
        return 2**left - 1
    if scheme == "recexplainer":
        return np.where(left > 0, 10 ** (left - 1), 0.0)
    raise ValueError(f"unknown gains {scheme!r}: use linear, exponential or recexplainer.")


def _discounts(k: int) -> np.ndarray:
    return 1 / np.log2(np.arange(2, k + 2))


def ndcg(
    predicted: Sequence[int | None],
    truth: Sequence[int],
    scheme: Scheme = "linear",
    k: int | None = None,
) -> float:
    """NDCG@k of a predicted order, in [0, 1].

    Args:
        predicted: items, best first. A repeated item, `None` and an item that is not a candidate
            gain 0 at their position.
        truth: the candidates in the recommender's order, best first; at least two.
        k: predictions that count; `None` for the number of candidates.

    Raises:
        ValueError: fewer than two candidates, or a repeated one.
    """
    n = len(truth)
    if n < 2 or len(set(truth)) < n:
        raise ValueError(f"candidates {list(truth)}: NDCG needs two or more different ones.")
    k = min(k or n, n)
    gain_left = dict(zip(truth, gains(scheme, n), strict=True))
    found = [gain_left.pop(item, 0.0) if item is not None else 0.0 for item in predicted[:k]]
    ideal = gains(scheme, n)[:k] @ _discounts(k)
    return float(np.array(found) @ _discounts(len(found)) / ideal)


def expected_random(n: int, scheme: Scheme = "linear", k: int | None = None) -> float:
    """Exact mean NDCG@k over all orders of `n` candidates: each position has the mean gain."""
    k = min(k or n, n)
    each = gains(scheme, n)
    return float(each.mean() * _discounts(k).sum() / (each[:k] @ _discounts(k)))


def true_orders(
    context: RewardContext, histories: Sequence[History], candidates: Sequence[Sequence[int]]
) -> list[History]:
    """The candidates of each case in the recommender's order, best first; ties by item row."""
    orders: list[History] = [()] * len(histories)
    for indices, scores in score_chunks(context.recommender, histories, len(context.titles)):
        for index, row in zip(indices, scores, strict=True):
            shown = np.array(candidates[index], dtype=np.intp)
            orders[index] = tuple(shown[np.lexsort((shown, -row[shown]))].tolist())
    return orders


def ranking(
    completions: Sequence[str],
    *,
    context: RewardContext,
    task: Sequence[str],
    history: Sequence[Sequence[int]],
    candidates: Sequence[Sequence[int] | None],
    **columns: object,
) -> list[Score]:
    """NDCG above chance: (NDCG - E) / (1 - E), clipped to [-1, 1]. E is the mean NDCG of a random
    order.

    Uses linear gains over the candidates shown. `None` for other tasks.

    Raises:
        ValueError: a ranking case has fewer than two distinct candidates.
    """
    rows = list(zip(completions, task, history, candidates, strict=True))
    asked = [index for index, row in enumerate(rows) if row[1] == "ranking"]
    orders = true_orders(
        context, [tuple(rows[i][2]) for i in asked], [rows[i][3] or () for i in asked]
    )
    scores: list[Score] = [None] * len(rows)
    for index, truth in zip(asked, orders, strict=True):
        reached = ndcg(parse_list(completions[index], context.finder), truth)
        chance = expected_random(len(truth))
        scores[index] = float(np.clip((reached - chance) / (1 - chance), -1, 1))
    return scores
