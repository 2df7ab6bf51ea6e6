"""Preference pairs: best against worst or closest, a margin apart, unscored samples in none."""

from reward_models.types import FAILED
from rl_explain.training.pairs import best_against


def test_best_against_worst() -> None:
    pair = best_against("worst", "p", ["a", "b", "c"], [0.1, 0.9, -0.4], margin=0.5)
    assert pair is not None
    assert (pair.chosen, pair.rejected) == ("b", "c")
    assert (pair.chosen_reward, pair.rejected_reward) == (0.9, -0.4)


def test_best_against_the_closest_that_is_worse_enough() -> None:
    texts = ["Yes: A brings it.", "No.", "Yes: B brings it.", "Yes: A brings it too."]
    scores = [0.9, -1.0, 0.2, 0.8]
    pair = best_against("closest", "p", texts, scores, margin=0.5)
    assert pair is not None
    assert (pair.chosen, pair.rejected, pair.rejected_reward) == (texts[0], texts[2], 0.2)


def test_of_texts_equally_close_the_worst_is_rejected() -> None:
    pair = best_against("closest", "p", ["a b", "a c", "a d"], [0.9, 0.3, 0.1], margin=0.5)
    assert pair is not None
    assert pair.rejected == "a d"


def test_no_pair_within_the_margin() -> None:
    assert best_against("worst", "p", ["a", "b"], [0.1, 0.3], margin=0.5) is None


def test_equal_scores_are_no_pair() -> None:
    assert best_against("worst", "p", ["a", "b"], [0.5, 0.5], margin=0.0) is None


def test_unscored_samples_are_in_no_pair() -> None:
    pair = best_against("worst", "p", ["a", "b", "c", "d"], [None, 0.5, FAILED, 0.0], margin=0.1)
    assert pair is not None
    assert {pair.chosen, pair.rejected} == {"b", "d"}
    assert best_against("worst", "p", ["a", "b"], [None, FAILED], margin=0.1) is None
