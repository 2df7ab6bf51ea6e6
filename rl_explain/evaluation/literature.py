"""Literature metrics of an order of importance (LXR, Barkan et al., WWW 2024; fixed lengths as in
SPINRec, Barkan et al. 2025, arXiv 2511.18047).

The question is why the recommender ranks its top unseen item i* first. For a history of n distinct
items in an order of importance, with n_t items in its first t tenths, t = 0..10:

    H_t+  the history without the n_t most important items
    H_t-  the history without the n_t least important items
    POS@k (lower is better)   1[rank(i*; H_t+) <= k]
    NEG@k (higher is better)  1[rank(i*; H_t-) <= k]
    CDCG  (lower is better)   1 / log2(1 + rank(i*; H_t+))
    DEL   (lower is better)   f(H_t+)[i*]
    INS   (higher is better)  f(the n_t most important items alone)[i*]

Each is a mean over t. Ranks are among the items outside the original history; f is the softmax of
the scores over the whole catalogue. At fixed length Ke, without the mean over t:

    POS@k,Ke and CDCG@Ke of the history without the Ke most important items
    DEL@Ke = f(without them)[i*] / f(history)[i*]
    INS@Ke = f(them alone)[i*] / f(history)[i*]

Departure: the recommender is never asked about an empty history, so the mean leaves out points
without items (H_t+ and H_t- at t = 10, INS at t = 0; for n < 10 items also H_t+ and H_t- from t = n
on). The value of such a point would be the same for every order of a history, so this favours no
order over another. Users with fewer than ten items weigh more than they would with these points.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reward_models.perturb.effects import Question, distinct
from reward_models.perturb.measures import seen_cells
from reward_models.perturb.perturbations import Perturbation
from reward_models.types import History, Recommender
from rl_explain.evaluation.cases import Columns
from rl_explain.evaluation.partial_histories import Part, partial_history_scores

KS = (1, 5, 10, 20, 50, 100)
"""Cutoffs k of POS and NEG."""
LENGTHS = (1, 2, 3, 4, 5)
"""Fixed lengths Ke."""
TENTHS = 11
"""Points of a curve, t = 0..10."""


def tenths(n: int) -> np.ndarray:
    """Items in the first 0, 1, ..., 10 tenths of n: (11,) int.

    Tenths are as equal as whole items allow, the larger ones first, as in the code of LXR; for
    n < 10 the first n tenths have one item each.
    """
    t = np.arange(TENTHS)
    return t * (n // 10) + np.minimum(t, n % 10)


def rank(scores: np.ndarray, items: np.ndarray, originals: Sequence[Sequence[int]]) -> np.ndarray:
    """Rank of one item per row among those outside the original history: (B,), from 1.

    Arguments as in `reward_models.perturb.measures.percentile`; a tie costs half a rank.
    """
    unseen = scores.copy()
    unseen[seen_cells(items, originals)] = -np.inf
    own = scores[np.arange(len(items)), items][:, None]
    return 1 + (unseen > own).sum(1) + ((unseen == own).sum(1) - 1) / 2


def probability(
    scores: np.ndarray, items: np.ndarray, originals: Sequence[Sequence[int]]
) -> np.ndarray:
    """Softmax of one item per row over the whole catalogue, history included: (B,) in [0, 1]."""
    shifted = scores.astype(np.float64) - scores.max(1, keepdims=True)
    own = shifted[np.arange(len(items)), items]
    return np.exp(own) / np.exp(shifted).sum(1)


@dataclass(frozen=True)
class Points:
    """One value for i* along R orders of importance; NaN where no item is left.

    without_top, without_bottom, top_alone: (R, 11), H_t+, H_t- and the n_t most important alone.
    without_first, first_alone: (R, 5), without the Ke most important items, or with them alone;
        NaN unless the history has more than Ke distinct items.
    """

    without_top: np.ndarray
    without_bottom: np.ndarray
    top_alone: np.ndarray
    without_first: np.ndarray
    first_alone: np.ndarray


def points(
    recommender: Recommender,
    num_items: int,
    questions: Sequence[Question],
    orders: Sequence[History],
    perturb: Perturbation,
) -> tuple[Points, Points]:
    """Rank and probability of each question's item along an order of its history's items.

    Args:
        orders: every distinct item of the question's history once, most important first.
        perturb: how items are removed.
    """
    asked = [
        Part(question.history, question.item, kept)
        for question, order in zip(questions, orders, strict=True)
        for kept in _parts(order)
    ]
    found = partial_history_scores(recommender, num_items, asked, (rank, probability), perturb)
    ends = np.cumsum([TENTHS, TENTHS, TENTHS, len(LENGTHS)])
    ranks, probabilities = (
        Points(*np.split(values.reshape(len(orders), -1), ends, axis=1)) for values in found
    )
    return ranks, probabilities


def _parts(order: History) -> list[History]:
    """The items left of an order for each value of `Points`, field by field."""
    n, removed = len(order), tenths(len(order)).tolist()
    return [
        *(order[m:] for m in removed),
        *(order[: n - m] for m in removed),
        *(order[:m] for m in removed),
        *(order[size:] for size in LENGTHS),
        *(order[:size] if size < n else () for size in LENGTHS),
    ]


def curve_metrics(ranks: Points, probabilities: Points) -> Columns:
    """POS@k, NEG@k, CDCG, DEL and INS of each order, means over its points: (R,) each."""
    columns: Columns = {}
    for k in KS:
        columns[f"pos@{k}"] = np.nanmean(_within(ranks.without_top, k), axis=1)
        columns[f"neg@{k}"] = np.nanmean(_within(ranks.without_bottom, k), axis=1)
    columns["cdcg"] = np.nanmean(1 / np.log2(1 + ranks.without_top), axis=1)
    columns["del"] = np.nanmean(probabilities.without_top, axis=1)
    columns["ins"] = np.nanmean(probabilities.top_alone, axis=1)
    return columns


def fixed_length_metrics(ranks: Points, probabilities: Points) -> Columns:
    """POS@k,Ke, CDCG@Ke, DEL@Ke and INS@Ke of each order, as `pos@k/ke_Ke` and so on: (R,) each."""
    whole = probabilities.without_top[:, 0]  # t = 0: nothing is removed
    columns: Columns = {}
    for column, size in enumerate(LENGTHS):
        left = ranks.without_first[:, column]
        columns |= {f"pos@{k}/ke_{size}": _within(left, k) for k in KS}
        columns[f"cdcg/ke_{size}"] = 1 / np.log2(1 + left)
        columns[f"del/ke_{size}"] = probabilities.without_first[:, column] / whole
        columns[f"ins/ke_{size}"] = probabilities.first_alone[:, column] / whole
    return columns


def _within(ranks: np.ndarray, k: int) -> np.ndarray:
    """1 where a rank is at most k, else 0; NaN stays NaN."""
    return np.where(np.isnan(ranks), np.nan, ranks <= k)


def completed(named: Sequence[int], history: History, rng: np.random.Generator) -> History:
    """An order of importance from a text that names a few items: these in the text's order, then
    the other history items at random."""
    others = [item for item in distinct(history) if item not in named]
    return (*named, *rng.permutation(others).tolist())
