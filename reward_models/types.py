"""The interface of a reward.

A reward is a function `f(completions, *, context, task, ..., **columns) -> list[Score]`. It gets a
batch of completions and named columns, each as long as `completions`. It names the columns that it
reads and ignores the rest. It returns one score per completion: a float in the range of its
docstring, `None` if the term does not apply to the case, or `FAILED` if it applies but could not be
scored.

Columns: `task` (a name such as "explanation", "classification", "ranking"), `history` (item rows,
oldest first, at most as many as the recommender reads), `item` (the target's row, or `None`),
`label` (the recommender's verdict on the target, or `None`), `candidates` (item rows in the order
shown, or `None`), `reasons` (how many reasons the prompt asked for, or `None`).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal, NamedTuple, Protocol, TypeAlias, TypeGuard

import numpy as np

MASKED: Final = -1
"""A padded history position: the item is hidden, its position stays."""


class Failed:
    """The type of `FAILED`, a singleton: test with `is FAILED`."""

    def __repr__(self) -> str:
        return "FAILED"

    def __reduce__(self) -> str:
        return "FAILED"  # copying and unpickling return the singleton


FAILED: Final = Failed()

Score: TypeAlias = float | Failed | None
Label: TypeAlias = Literal["yes", "no"]
OPPOSITE: Final[Mapping[str, Label]] = {"yes": "no", "no": "yes"}
History: TypeAlias = tuple[int, ...]
Reward: TypeAlias = Callable[..., list[Score]]
Range: TypeAlias = tuple[float, float]
"""Lowest and highest score of a term."""
VERDICT_TASKS: Final = ("explanation", "classification")
"""The tasks whose completions hold a verdict."""


class Term(NamedTuple):
    """A reward term: its function, range, the tasks that it scores, and its default weight."""

    function: Reward
    range: Range
    tasks: tuple[str, ...] = ("explanation",)
    weight: float = 0.0


def is_number(score: Score) -> TypeGuard[float]:
    """Whether the term applied and was scored."""
    return not (score is None or score is FAILED)


class Recommender(Protocol):
    """The part of the explained recommender that rewards need."""

    def score(self, histories: Sequence[Sequence[int]]) -> np.ndarray:
        """Scores of every item given each history: (len(histories), num_items), float.

        A history is a sequence of item rows, oldest first; `MASKED` entries are padding.
        """
        ...
