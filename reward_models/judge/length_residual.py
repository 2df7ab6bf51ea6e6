"""A judge whose ratings do not grow with the number of words.

    rating - slope * (words - centre), clipped to the lowest and the highest level

`slope` is the slope of a least-squares fit of rating on words. If longer texts really are better,
this also removes that advantage; compare with the plain judge.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from reward_models.judge.types import HIGHEST, LOWEST, Judge, JudgeCase, Preference, Rating
from reward_models.types import Failed

FEWEST: Final = 16
"""Fewest ratings for a fit: with fewer, the slope is noise."""


@dataclass(frozen=True)
class LengthEffect:
    """`slope`: levels per word; `centre`: the number of words at which nothing is removed."""

    slope: float = 0.0
    centre: float = 0.0

    @classmethod
    def fit(cls, texts: Sequence[str], ratings: Sequence[Rating]) -> "LengthEffect":
        """Fit the ratings that are not `FAILED`.

        No effect if there are fewer than `FEWEST`, or if all texts have the same length.
        """
        given = [
            (_words(text), rating)
            for text, rating in zip(texts, ratings, strict=True)
            if not isinstance(rating, Failed)
        ]
        if len(given) < FEWEST:
            return cls()
        words, levels = np.array(given, dtype=float).T
        if not words.var():
            return cls()
        slope = float(np.cov(words, levels, bias=True)[0, 1] / words.var())
        return cls(slope, float(words.mean()))


class LengthResidual:
    """Wraps a judge; its preferences stay unchanged.

    Args:
        effect: removed from every rating. `None` fits it to each batch, so that ratings depend on
            their batch; a batch of fewer than `FEWEST` ratings stays unchanged.
    """

    def __init__(self, judge: Judge, effect: LengthEffect | None = None) -> None:
        self._judge, self._effect = judge, effect

    def rate(self, cases: Sequence[JudgeCase]) -> list[Rating]:
        """A rating for each case."""
        ratings = self._judge.rate(cases)
        texts = [case.text for case in cases]
        effect = self._effect or LengthEffect.fit(texts, ratings)
        return [_residual(*pair, effect) for pair in zip(texts, ratings, strict=True)]

    def prefer(self, pairs: Sequence[tuple[JudgeCase, JudgeCase]]) -> list[Preference]:
        """The judge's preference for each pair."""
        return self._judge.prefer(pairs)


def _residual(text: str, rating: Rating, effect: LengthEffect) -> Rating:
    if isinstance(rating, Failed):
        return rating
    level = rating - effect.slope * (_words(text) - effect.centre)
    return float(np.clip(level, LOWEST, HIGHEST))


def _words(text: str) -> int:
    return len(text.split())
