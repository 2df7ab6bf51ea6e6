"""A judge whose ratings do not grow with the number of words.

    rating - slope * (words - centre), clipped to the lowest and the highest level

`slope` is the slope of the least-squares line of rating on words. If longer texts are better, this
also removes what they deserve: compare with the plain judge.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from reward_models.judge.types import HIGHEST, LOWEST, Judge, JudgeCase, Preference, Rating
from reward_models.types import Failed

FEWEST: Final = 16
"""Ratings that a fit needs: with fewer, the slope is noise, and removing it would add noise."""


@dataclass(frozen=True)
class LengthEffect:
    """`slope`: levels that each word adds; `centre`: the number of words that changes nothing."""

    slope: float = 0.0
    centre: float = 0.0

    @classmethod
    def fit(cls, texts: Sequence[str], ratings: Sequence[Rating]) -> "LengthEffect":
        """Fitted to the ratings that are not `FAILED`; no effect if they are fewer than `FEWEST` or
        all texts have one length."""
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
        effect: removed from every rating. `None` fits it to each batch, whose ratings then depend
            on each other; a batch of fewer than `FEWEST` ratings stays unchanged.
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
        """For each pair, which the judge prefers."""
        return self._judge.prefer(pairs)


def _residual(text: str, rating: Rating, effect: LengthEffect) -> Rating:
    if isinstance(rating, Failed):
        return rating
    level = rating - effect.slope * (_words(text) - effect.centre)
    return float(np.clip(level, LOWEST, HIGHEST))


def _words(text: str) -> int:
    return len(text.split())
