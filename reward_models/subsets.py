"""The subsets of one size that a cited set is compared with."""

from functools import lru_cache
from itertools import combinations
from math import comb

import numpy as np

EXHAUSTIVE = 200
"""Most subsets of one size that are all evaluated."""
DRAWS = 200
"""Subsets drawn where there are more."""


def are_few(n: int, size: int) -> bool:
    """Whether all subsets of `size` among `n` positions are evaluated."""
    return comb(n, size) <= EXHAUSTIVE


@lru_cache(maxsize=256)
def all_subsets(n: int, size: int) -> np.ndarray:
    """Every subset of `size` of the positions 0..n-1: (comb(n, size), size), rows ascending."""
    return np.array(list(combinations(range(n), size)), dtype=np.int16)


def drawn_subsets(n: int, size: int, rng: np.random.Generator) -> np.ndarray:
    """Uniform, independent draws of such subsets: (DRAWS, size), rows ascending."""
    orders = rng.permuted(np.tile(np.arange(n, dtype=np.int16), (DRAWS, 1)), axis=1)
    return np.sort(orders[:, :size], axis=1)
