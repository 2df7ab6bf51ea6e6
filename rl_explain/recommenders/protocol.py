"""What the rest of the project asks of a recommender."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np


class Recommender(Protocol):
    """A frozen recommender; the rest of the project knows it by this alone.

    A history holds item rows, oldest first. `-1` is a masked position: its item is hidden, its
    place kept. Only the last `max_history` entries are read, and one of them must be visible.
    """

    num_items: int
    dim: int
    max_history: int
    fingerprint: str

    def score(self, histories: Sequence[Sequence[int]]) -> np.ndarray:
        """Scores of every item, higher is better: (len(histories), num_items), float32."""
        ...

    def user_embeddings(self, histories: Sequence[Sequence[int]]) -> np.ndarray:
        """What the recommender makes of each history: (len(histories), dim), float32."""
        ...

    def item_embeddings(self) -> np.ndarray:
        """One row an item: (num_items, dim), float32."""
        ...
