"""Histories with items taken away."""

from collections.abc import Callable, Container, Sequence
from typing import TypeAlias

from reward_models.types import MASKED, History

Perturbation: TypeAlias = Callable[[Sequence[int], Container[int]], History]


def delete(history: Sequence[int], removed: Container[int]) -> History:
    """Every occurrence dropped, the order of the rest kept; no older item slides in."""
    return tuple(item for item in history if item not in removed)


def mask(history: Sequence[int], removed: Container[int]) -> History:
    """Every occurrence padded in place: the rest keep their positions."""
    return tuple(MASKED if item in removed else item for item in history)


PERTURBATIONS: dict[str, Perturbation] = {
    "deletion": delete,
    "masking": mask,
}
"""Ways to take items from a history, by name; the reward uses deletion."""
