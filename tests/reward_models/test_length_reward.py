"""The soft length band."""

import re
from dataclasses import replace

import pytest

from reward_models import REWARDS
from reward_models.context import RewardContext

WORDS_AND_SCORES = [(0, 1 / 15), (8, 0.6), (14, 1.0), (40, 1.0), (43, 0.8), (55, 0.0), (99, -1.0)]


@pytest.mark.parametrize(("words", "expected"), WORDS_AND_SCORES)
def test_a_band_with_slopes(yes_context: RewardContext, words: int, expected: float) -> None:
    [score] = REWARDS["length"](["word " * words], context=yes_context, task=["explanation"])
    assert score == pytest.approx(expected)


def test_more_words_within_the_band_earn_nothing(yes_context: RewardContext) -> None:
    texts = ["word " * words for words in range(14, 41)]
    scores = REWARDS["length"](texts, context=yes_context, task=["explanation"] * len(texts))
    assert set(scores) == {1.0}


def test_the_context_sets_the_band(yes_context: RewardContext) -> None:
    context = replace(yes_context, length_band=(3, 4))
    texts = ["word " * words for words in (0, 3, 4, 7)]
    scores = REWARDS["length"](texts, context=context, task=["explanation"] * 4)
    assert scores == pytest.approx([0.8, 1.0, 1.0, 0.8])


@pytest.mark.parametrize(
    ("band", "shown"),
    [
        ((5, 4), "[5, 4]"),
        ((-1, 4), "[-1, 4]"),
        ((3,), "[3]"),
        (("14", "40"), "['14', '40']"),
        ("ab", "'ab'"),
        (14, "14"),
    ],
)
def test_an_invalid_band_is_an_error(
    yes_context: RewardContext, band: tuple[int, int], shown: str
) -> None:
    with pytest.raises(ValueError, match=f"the band is {re.escape(shown)}: give"):
        replace(yes_context, length_band=band)
