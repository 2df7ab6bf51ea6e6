"""The log-probability of an item among those a user has not seen; unlike the percentile it does
not saturate at the top of the list.

    log p(a|h) = f(h, a) - log sum_{b in B + a} exp f(h, b)

with the comparison set B of `percentile`, again of the *original* history.
"""

from collections.abc import Sequence

import numpy as np

from reward_models.percentile import seen_cells


def log_probability(
    scores: np.ndarray, items: np.ndarray, originals: Sequence[Sequence[int]]
) -> np.ndarray:
    """Log-softmax of one item per row of scores; arguments as `percentile`. (B,) nats, <= 0."""
    items = np.asarray(items, dtype=np.intp)
    unseen = scores.astype(np.float64)
    unseen[seen_cells(items, originals)] = -np.inf
    top = unseen.max(1)
    total = top + np.log(np.exp(unseen - top[:, None]).sum(1))
    return unseen[np.arange(len(items)), items] - total
