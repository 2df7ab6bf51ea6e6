"""Ratings without the effect of length."""

from collections.abc import Sequence

import numpy as np
import pytest

from reward_models.judge.length_residual import FEWEST, LengthEffect, LengthResidual
from reward_models.judge.types import JudgeCase, Preference, Rating
from reward_models.types import FAILED


class Scripted:
    def __init__(self, ratings: Sequence[Rating]) -> None:
        self.ratings = list(ratings)

    def rate(self, cases: Sequence[JudgeCase]) -> list[Rating]:
        return self.ratings

    def prefer(self, pairs: Sequence[tuple[JudgeCase, JudgeCase]]) -> list[Preference]:
        return ["second"] * len(pairs)


def cases(words: Sequence[int]) -> list[JudgeCase]:
    return [JudgeCase("word " * count, (0,), 1, "yes") for count in words]


def test_a_batch_loses_its_correlation_with_length_and_keeps_its_mean() -> None:
    draws = np.random.default_rng(0)
    words = draws.integers(5, 60, size=200)
    ratings = 2 + 0.01 * words + draws.normal(0, 0.1, size=200)
    left = LengthResidual(Scripted(ratings.tolist())).rate(cases(words))
    assert abs(np.corrcoef(words, left)[0, 1]) < 1e-6
    assert np.mean(left) == pytest.approx(ratings.mean())
    slope = np.polyfit(words, ratings, 1)[0]
    assert left == pytest.approx(ratings - slope * (words - words.mean()))


def test_a_given_effect_is_subtracted_from_every_rating() -> None:
    """0.02 levels per word around 30: 40 words lose 0.2, 20 words gain 0.2; levels are clipped."""
    judge = LengthResidual(Scripted([3.0, 3.0, 4.0, 1.0]), LengthEffect(slope=0.02, centre=30))
    assert judge.rate(cases([40, 20, 10, 50])) == pytest.approx([2.8, 3.2, 4.0, 1.0])


def test_tiny_batches_and_batches_of_one_length_stay_unchanged() -> None:
    ratings: list[Rating] = [2 + 0.05 * n for n in range(2 * FEWEST)]
    few = ratings[: FEWEST - 1]
    assert LengthResidual(Scripted(few)).rate(cases(range(FEWEST - 1))) == few
    enough = LengthResidual(Scripted(ratings[:FEWEST])).rate(cases(range(FEWEST)))
    assert enough != ratings[:FEWEST]
    assert LengthResidual(Scripted(ratings)).rate(cases([7] * 2 * FEWEST)) == ratings
    assert LengthResidual(Scripted([])).rate([]) == []


def test_failures_stay_failures_and_do_not_enter_the_fit() -> None:
    words = [*range(1, 2 * FEWEST + 1)]
    ratings: list[Rating] = [1 + 0.05 * count for count in words]
    plain = LengthEffect.fit([case.text for case in cases(words)], ratings)
    assert plain.slope == pytest.approx(0.05)
    with_failure = LengthResidual(Scripted([*ratings, FAILED])).rate(cases([*words, 900]))
    assert with_failure[-1] is FAILED
    assert with_failure[:-1] == pytest.approx([np.mean(ratings)] * len(words))


def test_preferences_stay_unchanged() -> None:
    (pair,) = zip(cases([3]), cases([50]), strict=True)
    assert LengthResidual(Scripted([])).prefer([pair]) == ["second"]
