"""Leave-one-out influence, by hand and against plain Python."""

from collections.abc import Sequence

import numpy as np
import pytest

from reward_models.perturb.effects import Question
from rl_explain.teacher.influence import by_influence, leave_one_out


class Additive:
    """An item's score is the sum of what each item of the history adds to it."""

    dim, max_history, fingerprint = 1, 10, "additive"

    def __init__(self, weights: np.ndarray) -> None:
        self.weights = weights  # (history item, scored item)
        self.num_items = len(weights)

    def score(self, histories: Sequence[Sequence[int]]) -> np.ndarray:
        return np.stack([self.weights[list(h)].sum(0) for h in histories]).astype(np.float32)

    def user_embeddings(self, histories: Sequence[Sequence[int]]) -> np.ndarray:
        return np.zeros((len(histories), 1), np.float32)

    def item_embeddings(self) -> np.ndarray:
        return np.zeros((self.num_items, 1), np.float32)


def test_by_hand() -> None:
    """Item 3 competes with 4, 5, 6 and 7, which item 2 gives 1, 2, 3 and 4.

    It gets 3.5 from item 0 and 1 from item 1. Its 4.5 beats all four; 1 without item 0 ties with
    one (1/8); 3.5 without item 1 beats three (3/4); without item 2 all others have 0, so it stays.
    """
    weights = np.zeros((8, 8))
    weights[2, 4:] = [1, 2, 3, 4]
    weights[0, 3], weights[1, 3] = 3.5, 1.0
    history = (0, 1, 2)
    yes, no = leave_one_out(
        Additive(weights), [Question(history, 3, "yes"), Question(history, 3, "no")]
    )
    assert yes == {0: 1 - 1 / 8, 1: 1 - 3 / 4, 2: 0.0}
    assert no == {item: -value for item, value in yes.items()}


def test_against_plain_python_with_repeated_items() -> None:
    rng = np.random.default_rng(0)
    recommender = Additive(rng.normal(size=(12, 12)))
    questions = [Question((1, 5, 1, 9, 2), item, "yes") for item in (0, 3, 11)]
    for question, influence in zip(questions, leave_one_out(recommender, questions), strict=True):
        full = _percentile(recommender, question.history, question)
        assert list(influence) == [1, 5, 9, 2]
        for left_out, value in influence.items():
            rest = [item for item in question.history if item != left_out]
            assert value == pytest.approx(full - _percentile(recommender, rest, question))


def _percentile(recommender: Additive, history: Sequence[int], question: Question) -> float:
    scores = recommender.score([history])[0]
    rivals = [i for i in range(12) if i not in question.history and i != question.item]
    own = scores[question.item]
    return sum((scores[r] < own) + 0.5 * (scores[r] == own) for r in rivals) / len(rivals)


def test_a_history_that_would_be_empty_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\(2, 2\)"):
        leave_one_out(Additive(np.eye(5)), [Question((2, 2), 1, "yes")])


def test_order_puts_the_most_recent_of_equals_first() -> None:
    assert by_influence({4: 0.1, 7: 0.5, 2: 0.1}) == [7, 2, 4]
