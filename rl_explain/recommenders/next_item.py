"""Next-item metrics: full ranking over the catalogue without the history."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

Scorer = Callable[[Sequence[Sequence[int]]], np.ndarray]
"""Histories to scores (B, num_items): a recommender's `score`, or a baseline."""


@dataclass(frozen=True)
class NextItemResult:
    """`ranks[i]` is the rank of case i's target, from 1; `top[i]` is case i's best item."""

    ranks: np.ndarray
    top: np.ndarray

    def metrics(self, k: int = 10) -> dict[str, float]:
        """`ndcg@k` and `hr@k` in [0, 1] (one relevant item per case), and `top_items`.

        `top_items` counts the distinct top-ranked items: a popularity recommender has one or few.
        """
        hit = self.ranks <= k
        return {
            f"ndcg@{k}": float((hit / np.log2(self.ranks + 1)).mean()),
            f"hr@{k}": float(hit.mean()),
            "top_items": len(np.unique(self.top)),
        }


def next_item_result(
    scorer: Scorer,
    histories: Sequence[Sequence[int]],
    targets: Sequence[int],
    batch_size: int = 2048,
) -> NextItemResult:
    """Rank each target among all items outside its history; a tie costs half a rank."""
    ranks, top = [], []
    for start in range(0, len(histories), batch_size):
        batch = histories[start : start + batch_size]
        scores = _outside(scorer(batch), batch)
        own = scores[np.arange(len(batch)), targets[start : start + batch_size]][:, None]
        ties = (scores == own).sum(1) - 1
        ranks.append(1 + (scores > own).sum(1) + ties / 2)
        top.append(scores.argmax(1))
    return NextItemResult(np.concatenate(ranks), np.concatenate(top))


def _outside(scores: np.ndarray, histories: Sequence[Sequence[int]]) -> np.ndarray:
    scores = scores.copy()
    rows = np.repeat(np.arange(len(histories)), [len(history) for history in histories])
    scores[rows, np.fromiter(chain.from_iterable(histories), dtype=np.int64)] = -np.inf
    return scores


def popularity(sequences: Sequence[Sequence[int]], num_items: int) -> Scorer:
    """A baseline that scores an item by its frequency in `sequences`, the same for every user."""
    items = np.fromiter(chain.from_iterable(sequences), dtype=np.int64)
    counts = np.bincount(items, minlength=num_items).astype(np.float32)
    return lambda histories: np.broadcast_to(counts, (len(histories), num_items))
