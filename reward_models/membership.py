"""Whether an item is among the best that a user has not seen: what a user of the list would notice.

m(a|h) = 1 when fewer than 10 items of the comparison set of `percentile` score above a, else 0
"""

from collections.abc import Sequence

import numpy as np

from reward_models.percentile import seen_cells

TOP = 10


def in_top(scores: np.ndarray, items: np.ndarray, originals: Sequence[Sequence[int]]) -> np.ndarray:
    """Membership of one item per row of scores, (B,) 0 or 1; arguments as `percentile`."""
    items = np.asarray(items, dtype=np.intp)
    unseen = scores.copy()
    unseen[seen_cells(items, originals)] = -np.inf
    own = scores[np.arange(len(items)), items][:, None]
    return ((unseen > own).sum(1) < TOP).astype(float)
