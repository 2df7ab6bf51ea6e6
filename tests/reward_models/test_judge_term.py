from dataclasses import replace

import pytest

from reward_models import REWARDS
from reward_models.judge.types import JudgeCase
from reward_models.types import FAILED

COLUMNS = {
    "task": ["explanation", "explanation", "explanation", "explanation", "classification"],
    "history": [[0, 1, 2]] * 5,
    "item": [6, 6, 6, None, 6],
    "label": ["yes", "no", None, "yes", "yes"],
}
TEXTS = ["a", "b", "c", "d", "e"]


class ScriptedJudge:
    def __init__(self, ratings):
        self.ratings, self.asked = ratings, []

    def rate(self, cases):
        self.asked.append(list(cases))
        return self.ratings


def score(context, ratings):
    judge = ScriptedJudge(ratings)
    return REWARDS["judge"](TEXTS, context=replace(context, judge=judge), **COLUMNS), judge


def test_levels_become_thirds_and_no_answer_is_no_score(yes_context):
    scores, judge = score(yes_context, [3, FAILED])
    assert scores == [pytest.approx(2 / 3), FAILED, None, None, None]
    history = (0, 1, 2)
    assert judge.asked == [[JudgeCase("a", history, 6, "yes"), JudgeCase("b", history, 6, "no")]]
    assert score(yes_context, [1.0, 4.0])[0][:2] == [0.0, 1.0]


def test_the_judge_is_not_called_without_cases(yes_context):
    judge = ScriptedJudge([])
    columns = {name: values[4:] for name, values in COLUMNS.items()}
    context = replace(yes_context, judge=judge)
    assert REWARDS["judge"](["e"], context=context, **columns) == [None]
    assert judge.asked == []


def test_mistakes_are_named(yes_context):
    with pytest.raises(ValueError, match=r"give RewardContext\(judge=...\), or set the weight"):
        REWARDS["judge"](TEXTS, context=yes_context, **COLUMNS)
    with pytest.raises(ValueError, match="the judge gave 1 ratings for 2 explanations"):
        score(yes_context, [4])
