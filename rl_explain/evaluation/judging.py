"""Judges' ratings of explanations, from 1 to 4 (`reward_models.judge.types`)."""

from collections.abc import Mapping, Sequence

import numpy as np

from reward_models.judge.types import Judge, JudgeCase
from reward_models.types import is_number
from rl_explain.evaluation.cases import Columns, question
from rl_explain.tasks.examples import Example

RATING = "explanation/judge_rating"
"""Metric: rating by the configured judge."""
PLAUSIBILITY = "explanation/judge_rating_plausibility"
"""Metric: rating by the plausibility judge, which ignores the recommender and rates how good a text
sounds."""


def judge_ratings(
    texts: Sequence[str], examples: Sequence[Example], judges: Mapping[str, Judge]
) -> Columns:
    """A column per judge, named as in `judges`; NaN if it gave no answer."""
    questions = [question(example) for example in examples]
    cases = [
        JudgeCase(str(text), tuple(asked.history), asked.item, asked.label)
        for text, asked in zip(texts, questions, strict=True)
    ]
    return {name: _numbers(judge, cases) for name, judge in judges.items()}


def _numbers(judge: Judge, cases: Sequence[JudgeCase]) -> np.ndarray:
    ratings = judge.rate(cases)
    return np.array([rating if is_number(rating) else np.nan for rating in ratings], dtype=float)
