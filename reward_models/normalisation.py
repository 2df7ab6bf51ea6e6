"""Normalises a term: subtracts its mean and divides by its standard deviation.

Terms differ in spread: a term of 0 or 1 drowns one that varies by hundredths, whatever their
weights. Mean and standard deviation are computed over the completions that the term scored:

- `none`: no normalisation;
- `batch`: over this batch;
- `running`: over everything scored so far, including this batch (Welford 1962), so that scores of
  different batches are comparable.

In distributed training, each process uses only the completions that it scored itself.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from reward_models.weights import check_names

Normalisation: TypeAlias = Literal["none", "batch", "running"]

SMALLEST_SPREAD = 1e-6
"""Below this standard deviation a term does not distinguish completions and is not divided."""


@dataclass
class Moments:
    """Number, mean and sum of squared deviations of the values seen."""

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0

    def add(self, values: Iterable[float]) -> None:
        """Add values one by one, so that the result does not depend on how they are batched."""
        for value in values:
            self.count += 1
            before = value - self.mean
            self.mean += before / self.count
            self.squares += before * (value - self.mean)

    @property
    def scale(self) -> float:
        """The divisor: the population standard deviation, or 1 if it is (nearly) 0."""
        spread = math.sqrt(self.squares / self.count) if self.count else 0.0
        return spread if spread > SMALLEST_SPREAD else 1.0


def check_normalisation(normalisation: Mapping[str, str], valid: Iterable[str]) -> None:
    """Raise `ValueError` for an unknown term or kind."""
    check_names(normalisation, valid)
    for name, kind in normalisation.items():
        if kind not in get_args(Normalisation):
            raise ValueError(
                f"the normalisation of reward {name!r} is {kind!r}: give none, batch or running."
            )


def check_clip(clip: Mapping[str, float], valid: Iterable[str]) -> None:
    """Raise `ValueError` for an unknown term, or a bound that is not positive and finite."""
    check_names(clip, valid)
    for name, bound in clip.items():
        if not 0 < bound < math.inf:
            raise ValueError(f"reward {name!r} is clipped at {bound}: give a number above 0.")
