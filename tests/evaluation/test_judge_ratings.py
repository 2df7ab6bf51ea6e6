"""Ratings of judges among the metrics of explanations."""

from collections.abc import Sequence

import numpy as np

from reward_models.judge.types import JudgeCase, Preference, Rating
from reward_models.types import FAILED
from rl_explain.evaluation.judging import RATING, judge_ratings
from rl_explain.tasks.examples import Example


class ByLength:
    """Rates by the number of words; an empty text is left unanswered."""

    def __init__(self) -> None:
        self.seen: list[JudgeCase] = []

    def rate(self, cases: Sequence[JudgeCase]) -> list[Rating]:
        self.seen += cases
        return [float(len(case.text.split())) if case.text else FAILED for case in cases]

    def prefer(self, pairs: Sequence[tuple[JudgeCase, JudgeCase]]) -> list[Preference]:
        return ["tie" for _ in pairs]


def example(item: int, label: str) -> Example:
    return Example(
        "explanation", "hybrid", "Why?", "", user=1, history=(4, 5, 6), item=item, label=label
    )


def test_every_text_is_rated_as_an_answer_to_its_question() -> None:
    judge = ByLength()
    examples = [example(1, "yes"), example(2, "no"), example(3, "yes")]
    found = judge_ratings(["Yes. It fits.", "", "No."], examples, {RATING: judge})
    np.testing.assert_array_equal(found[RATING], [3.0, np.nan, 1.0])
    assert judge.seen[1] == JudgeCase("", (4, 5, 6), 2, "no")


def test_without_judges_there_is_no_column() -> None:
    assert judge_ratings(["Yes."], [example(1, "yes")], {}) == {}
