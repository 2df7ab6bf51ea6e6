"""Ways to remove items from a history."""

from collections.abc import Callable, Container, Sequence
from functools import lru_cache
from typing import TypeAlias

import numpy as np

from reward_models.types import MASKED, History

REMEMBERED = 10_000
"""Number of drawn replacements that are cached."""

Perturbation: TypeAlias = Callable[[Sequence[int], Container[int]], History]


def delete(history: Sequence[int], removed: Container[int]) -> History:
    """Drop every occurrence and keep the order of the rest; no older item fills the gap."""
    return tuple(item for item in history if item not in removed)


def mask(history: Sequence[int], removed: Container[int]) -> History:
    """Replace every occurrence by padding; the rest keep their positions."""
    return tuple(MASKED if item in removed else item for item in history)


def replacement(num_items: int, seed: int = 0) -> Perturbation:
    """Replace every occurrence of an item by a random item that is not in the history.

    The draw depends only on the seed, the history and the item, not on what else is replaced.
    """

    def replace(history: Sequence[int], removed: Container[int]) -> History:
        past = tuple(history)
        drawn = {item: _replacement_item(item, past) for item in set(past) if item in removed}
        return tuple(drawn.get(item, item) for item in past)

    @lru_cache(maxsize=REMEMBERED)  # subsets of one history share replacements
    def _replacement_item(item: int, history: History) -> int:
        rng = np.random.default_rng([seed, item + 1, *(place + 1 for place in history)])
        return next(found for found in map(int, rng.permutation(num_items)) if found not in history)

    return replace


PERTURBATIONS: dict[str, Perturbation] = {
    "deletion": delete,
    "masking": mask,
}
"""Perturbations by name; the reward uses deletion."""
