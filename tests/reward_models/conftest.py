"""Recommenders simple enough for scores by hand."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from reward_models.context import RewardContext
from reward_models.types import MASKED


class LinearRecommender:
    """score(h)[a] = bias[a] + sum over h of weights[i, a]; records the size of each call.

    The entry `t` steps from the end has weight `decay**t`. With `decay` below 1, deletion, which
    moves older items closer to the end, differs from masking.
    """

    def __init__(self, bias: np.ndarray, weights: np.ndarray, decay: float = 1.0) -> None:
        self.bias, self.weights, self.decay = bias, weights, decay
        self.asked: list[int] = []

    def score(self, histories: Sequence[Sequence[int]]) -> np.ndarray:
        self.asked.append(len(histories))
        assert len(set(map(tuple, histories))) == len(histories), "asked twice in one call"
        assert all(any(i != MASKED for i in h) for h in histories), "empty history"
        return np.stack([self._one(h) for h in histories])

    def _one(self, history: Sequence[int]) -> np.ndarray:
        scores = self.bias.astype(float)
        for t, item in enumerate(reversed(history)):
            if item != MASKED:
                scores = scores + self.decay**t * self.weights[item]
        return scores


def random_recommender(num_items: int, seed: int, decay: float = 0.9) -> LinearRecommender:
    rng = np.random.default_rng(seed)
    return LinearRecommender(
        rng.normal(size=num_items), rng.normal(size=(num_items, num_items)), decay
    )


def hand_made(effects: Sequence[float], start: float) -> LinearRecommender:
    """Items 7 to 16 score 0.5, 1.5, ... 9.5 whatever the history; item 6 starts at `start`.

    History item i adds effects[i] to item 6. If the history contains all of items 0 to 5, the
    percentile of item 6 is its score in tenths.
    """
    bias = np.concatenate([np.zeros(6), [start], np.arange(10) + 0.5])
    weights = np.zeros((17, 17))
    weights[: len(effects), 6] = effects
    return LinearRecommender(bias, weights)


@pytest.fixture
def make_random() -> Callable[..., LinearRecommender]:
    return random_recommender


@pytest.fixture
def make_hand_made() -> Callable[..., LinearRecommender]:
    return hand_made


TITLES = (
    "Crimson Harbor",
    "The Silent Tide",
    "Glass Comet",
    "Up",
    "Iron Orchard",
    "Yes Man",
    "The Copper Lantern",
    *(f"Filler Number {i}" for i in range(10)),
)
GENRES = (
    ("mystery", "maritime"),
    ("mystery", "maritime"),
    ("comedy",),
    ("family",),
    ("drama",),
    ("comedy",),
    ("mystery", "slow burn"),
    *((("drama",),) * 10),
)


@pytest.fixture
def yes_context() -> RewardContext:
    """Item 6 is at percentile 0.8: item 0 adds 0.4, item 1 adds 0.2, items 2 and 3 add 0.1 each."""
    attributes = [{"genre": genres} for genres in GENRES]
    return RewardContext(TITLES, attributes, hand_made([4, 2, 1, 1, 0, 0], start=0))


@pytest.fixture
def no_context() -> RewardContext:
    """Item 6 is at percentile 0.2: item 0 subtracts 0.3, item 1 0.1, and item 4 adds 0.1."""
    return RewardContext(TITLES, (), hand_made([-3, -1, 0, 0, 1, 0], start=5))
