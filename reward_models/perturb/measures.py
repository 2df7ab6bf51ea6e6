"""Three measures of how high a recommender ranks an item among items that the user has not seen.

    percentile        p(a|h) = (#{b in B: f(h, b) < f(h, a)} + #{b: f(h, b) = f(h, a)} / 2) / |B|
    log-probability   log p(a|h) = f(h, a) - log sum_{b in B + a} exp f(h, b)
    top-k membership  m(a|h) = 1 when fewer than 10 items of B score above a, else 0

The comparison set B is the catalogue without the *original* history and without a. The percentile
decides the label. Log-probabilities do not saturate at the top of the list as percentiles do;
membership is what a user of the list would notice.
"""

from collections.abc import Sequence

import numpy as np

from reward_models.types import Label

YES_FROM = 0.8
"""Lowest percentile of a yes: the top 20 %."""
NO_UNTIL = 0.5
"""Highest percentile of a no: the bottom half."""
TOP = 10
"""Length of the list for membership."""


def label(p: float) -> Label | None:
    """The recommender's verdict on an item at percentile `p`; `None` between the thresholds."""
    if p >= YES_FROM:
        return "yes"
    return "no" if p <= NO_UNTIL else None


def seen_cells(
    items: np.ndarray, originals: Sequence[Sequence[int]]
) -> tuple[np.ndarray, np.ndarray]:
    """Cells of a (B, N) array for items of the row's original history, without the row's own item.

    Returns a pair of index arrays (rows, columns) without duplicates.
    """
    rows = list(zip(map(tuple, originals), items.tolist(), strict=True))
    # Many rows share a history: they are its perturbations.
    seen = {
        (original, item): np.array(list({*original} - {item}), dtype=np.intp)
        for original, item in dict.fromkeys(rows)
    }
    columns = [seen[row] for row in rows]
    places = np.repeat(np.arange(len(rows)), [len(several) for several in columns])
    return places, np.concatenate([np.empty(0, dtype=np.intp), *columns])


def percentile(
    scores: np.ndarray, items: np.ndarray, originals: Sequence[Sequence[int]]
) -> np.ndarray:
    """Percentile of one item in each row of scores, in [0, 1]; ties count half.

    Args:
        scores: (B, N), every item's score for a history that may be perturbed.
        items: (B,) rows of the items asked about.
        originals: B unperturbed histories; their items are left out of the comparison.

    Returns:
        (B,) float64.

    Raises:
        ValueError: a score is NaN, or a comparison set is empty.
    """
    items = np.asarray(items, dtype=np.intp)
    if np.isnan(scores).any():
        raise ValueError("the recommender returned NaN scores: it cannot be explained.")
    own = scores[np.arange(len(items)), items][:, None]  # (B, 1)
    # twice the number of items below, ties counting half: (# below) + (# below or equal)
    twice = (scores < own).sum(1) + (scores <= own).sum(1) - 1.0  # the item equals itself
    rows, columns = seen_cells(items, originals)
    seen, own_seen = scores[rows, columns], own[rows, 0]
    twice -= np.bincount(rows, (seen < own_seen) + 1.0 * (seen <= own_seen), len(items))
    compared = scores.shape[1] - 1 - np.bincount(rows, minlength=len(items))
    if (compared <= 0).any():
        raise ValueError("a history contains the whole catalogue: no item is left to compare with.")
    return twice / (2 * compared)


def log_probability(
    scores: np.ndarray, items: np.ndarray, originals: Sequence[Sequence[int]]
) -> np.ndarray:
    """Log-softmax of one item in each row of scores: (B,) nats, <= 0. Arguments as `percentile`."""
    items = np.asarray(items, dtype=np.intp)
    unseen = scores.astype(np.float64)
    unseen[seen_cells(items, originals)] = -np.inf
    top = unseen.max(1)
    total = top + np.log(np.exp(unseen - top[:, None]).sum(1))
    return unseen[np.arange(len(items)), items] - total


def in_top(scores: np.ndarray, items: np.ndarray, originals: Sequence[Sequence[int]]) -> np.ndarray:
    """Top-k membership of an item in each row of scores: (B,) 0 or 1. Arguments as `percentile`."""
    items = np.asarray(items, dtype=np.intp)
    unseen = scores.copy()
    unseen[seen_cells(items, originals)] = -np.inf
    own = scores[np.arange(len(items)), items][:, None]
    return ((unseen > own).sum(1) < TOP).astype(float)
