"""The control that rewards agreement with another recommender: whose verdicts examples carry."""

from collections.abc import Sequence

import numpy as np

from rl_explain.tasks.examples import Example, relabelled


class Ascending:
    """Scores every item by its row: the last ones are its best."""

    def score(self, histories: Sequence[Sequence[int]]) -> np.ndarray:
        return np.tile(np.arange(21.0), (len(histories), 1))


def example(item: int | None, label: str | None, task: str = "explanation") -> Example:
    return Example(task, "hybrid", "?", "", history=(0, 1), item=item, label=label)


def test_verdicts_become_those_of_the_other_recommender() -> None:
    best, worst = example(20, "no"), example(3, "no")
    ranking = example(None, None, "ranking")
    found = relabelled([best, ranking, worst], Ascending())
    assert [e.label for e in found] == ["yes", None, "no"]
    assert [e.item for e in found] == [20, None, 3]


def test_questions_without_a_clear_verdict_are_left_out() -> None:
    between = example(14, "yes")  # above 12 of 18: no clear verdict
    assert relabelled([between, example(20, "yes")], Ascending()) == [example(20, "yes")]
