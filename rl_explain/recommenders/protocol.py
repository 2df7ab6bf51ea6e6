"""The interface that the project requires of a recommender."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np


class Recommender(Protocol):
    """A frozen recommender.

    A history is a sequence of item rows, oldest first. `-1` masks a position: the item is hidden,
    the others keep their positions. Only the last `max_history` entries are read, and at least one
    must be visible.
    """

    num_items: int
    dim: int
    max_history: int
    fingerprint: str

    def score(self, histories: Sequence[Sequence[int]]) -> np.ndarray:
        """Scores of every item, higher is better: (len(histories), num_items), float32."""
        ...

    def user_embeddings(self, histories: Sequence[Sequence[int]]) -> np.ndarray:
        """Embeddings of the histories: (len(histories), dim), float32."""
        ...

    def item_embeddings(self) -> np.ndarray:
        """Embeddings of all items: (num_items, dim), float32."""
        ...
