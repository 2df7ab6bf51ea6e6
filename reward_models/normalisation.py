"""Terms on one scale: a term's score less its mean, in units of its standard deviation.

Terms differ in how far they spread: one that says 0 or 1 drowns one that moves by hundredths,
whatever their weights say. Mean and deviation are taken over the completions that the term scored:

- `none`: the score as it is;
- `batch`: of this batch;
- `running`: of everything scored so far, this batch included (Welford 1962), so that scores of
  different batches compare.

A composite knows the completions that it scored itself: where several processes train together,
each takes mean and deviation over its own.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from reward_models.weights import check_names

Normalisation: TypeAlias = Literal["none", "batch", "running"]

SMALLEST_SPREAD = 1e-6
"""Standard deviation below which a term tells no completions apart, and is not divided by it."""


@dataclass
class Moments:
    """Number, mean and sum of squared deviations of the values seen."""

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0

    def add(self, values: Iterable[float]) -> None:
        """One value after the other, so that it makes no difference how they come in batches."""
        for value in values:
            self.count += 1
            before = value - self.mean
            self.mean += before / self.count
            self.squares += before * (value - self.mean)

    @property
    def scale(self) -> float:
        """What scores are divided by: the population standard deviation, 1 where there is none."""
        spread = math.sqrt(self.squares / self.count) if self.count else 0.0
        return spread if spread > SMALLEST_SPREAD else 1.0


def check_normalisation(normalisation: Mapping[str, str], valid: Iterable[str]) -> None:
    """`ValueError` on an unknown term or kind."""
    check_names(normalisation, valid)
    for name, kind in normalisation.items():
        if kind not in get_args(Normalisation):
            raise ValueError(
                f"the normalisation of reward {name!r} is {kind!r}: give none, batch or running."
            )


def check_clip(clip: Mapping[str, float], valid: Iterable[str]) -> None:
    """`ValueError` on an unknown term or a bound that is not above 0."""
    check_names(clip, valid)
    for name, bound in clip.items():
        if not 0 < bound < math.inf:
            raise ValueError(f"reward {name!r} is clipped at {bound}: give a number above 0.")
