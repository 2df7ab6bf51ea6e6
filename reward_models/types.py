"""What a reward receives and returns.

A reward is a function of a batch of completions and named columns. It returns one entry per
completion: a float in the range its docstring states, `None` when the term does not apply to the
case, or `FAILED` when it applies but could not be scored.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

import numpy as np

MASKED: Final = -1
"""A history position that is padded in place: the item is hidden, its place is kept."""


class Failed:
    """The type of `FAILED`; there is one instance, so test with `is FAILED`."""

    def __repr__(self) -> str:
        return "FAILED"


FAILED: Final = Failed()

Score = float | None | Failed
Label = Literal["yes", "no"]


class Recommender(Protocol):
    """The recommender under explanation, as rewards need it."""

    def score(self, histories: Sequence[Sequence[int]]) -> np.ndarray:
        """Scores of every item for each history: (len(histories), num_items), float.

        A history holds item rows, oldest first; `MASKED` entries are padded in place.
        """
        ...


class Reward(Protocol):
    """A reward term; `columns` may hold more than it reads."""

    def __call__(self, completions: Sequence[str], **columns: object) -> list[Score]: ...
