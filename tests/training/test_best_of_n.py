"""Best of n: the reward chooses among samples, question by question."""

from reward_models.types import FAILED, Score
from rl_explain.training.samples import best_of_n

TOTALS: dict[str, Score] = {
    "0a": 0.2, "0b": 0.9, "0c": 0.5,
    "1a": None, "1b": -0.9, "1c": FAILED,
    "2a": 0.4, "2b": 0.4, "2c": 0.1,
    "3a": FAILED, "3b": None, "3c": None,
}  # fmt: skip


def test_the_best_scored_sample_the_first_of_equals() -> None:
    assert best_of_n(list(TOTALS), list(TOTALS.values()), 3) == ["0b", "1b", "2a", "3a"]


def test_one_sample_is_that_sample() -> None:
    assert best_of_n(["a", "b"], [0.1, None], 1) == ["a", "b"]
