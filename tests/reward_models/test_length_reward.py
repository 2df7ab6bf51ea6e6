"""The soft band of lengths."""

import pytest

from reward_models import REWARDS
from reward_models.context import RewardContext

WORDS_AND_SCORES = [(0, -2 / 3), (10, 0.0), (22, 0.8), (25, 1.0), (40, 1.0), (43, 0.8), (99, -1.0)]


@pytest.mark.parametrize(("words", "expected"), WORDS_AND_SCORES)
def test_a_band_with_slopes(yes_context: RewardContext, words: int, expected: float) -> None:
    [score] = REWARDS["length"](["word " * words], context=yes_context, task=["explanation"])
    assert score == pytest.approx(expected)


def test_more_words_within_the_band_earn_nothing(yes_context: RewardContext) -> None:
    texts = ["word " * words for words in range(25, 41)]
    scores = REWARDS["length"](texts, context=yes_context, task=["explanation"] * len(texts))
    assert set(scores) == {1.0}
