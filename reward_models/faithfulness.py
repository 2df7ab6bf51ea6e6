"""Does the explanation cite what moved the recommender? The faithfulness score.

C is the set of cited history items and k the number of reasons that the prompt asked for, at most a
third of the distinct history items (`reasons_scored`). In this order:

1. `None` if comp_best(k) - comp_random(k) is below 0.01: no citation is better than another. This
   does not depend on the text, so every method is scored on the same cases.
2. -1 for a wrong, missing or contradictory verdict.
3. 0 if the text cites nothing or more than k items.
4. (comp(C) - comp_random(k)) / (comp_best(k) - comp_random(k)), clipped to [-1, 1]; at most 0 if
   the text does not name the asked title.

comp is the comprehensiveness of `effects`; random and best are the mean and the maximum over its
pool of subsets of size k. The sign of comp follows the recommender's label, not the text's verdict,
so a flipped verdict that cites the least influential item gains nothing. The score is a normalised
form of the comprehensiveness of ERASER (DeYoung et al. 2020, arXiv 1911.03429).

Range [-1, 1]. Tasks: explanation. Resists: a right verdict without reasons or with every title (0);
plausible items that do not influence the recommender (0 on average); fewer titles than asked for,
which have less effect than the full number; reasons for another item (at most 0); a flipped verdict
(-1).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from reward_models.context import RewardContext
from reward_models.perturb.effects import Pool, Question, SubsetEffects
from reward_models.text.reading import Reading
from reward_models.text.verdict import Verdict
from reward_models.types import History, Label, Score

FEWEST_ITEMS = 3
"""Fewest distinct items of a history that is scored; with fewer, too little would remain."""
MOST_REASONS = 3
"""Most reasons scored if the prompt asked for no number."""
LEAST_GAP = 0.01
"""Smallest gap between best and random of a well-posed case, in percentile or membership."""
LEAST_GAP_NATS = 0.05
"""The same in log-probability (nats)."""


class Answer(NamedTuple):
    """A text's answer to a question."""

    verdict: Verdict
    cited: History
    """Items of the history, each once, in any order."""
    names_item: bool
    """Whether the text names the asked title."""

    @classmethod
    def of(cls, reading: Reading, history: Sequence[int], item: int) -> "Answer":
        """The answer of a reading to the question about `item`, given a history."""
        return cls(reading.verdict, reading.cited(history), item in reading.items)


def most_cited(n: int) -> int:
    """Most citations scored for `n` distinct items: naming everything explains nothing."""
    return max(1, n // 3)


def reasons_scored(asked: int | None, n: int) -> int:
    """k, the number of reasons that are scored; at least 1.

    Args:
        asked: reasons that the prompt asked for; `None` if it gave no number.
        n: distinct items of the history.
    """
    return min(asked or MOST_REASONS, most_cited(n))


def score_without_set(answer: Answer, label: Label, k: int) -> float | None:
    """The score if the cited set does not decide it (steps 2 and 3), else `None`."""
    if answer.verdict != label:
        return -1.0
    return None if 0 < len(answer.cited) <= k else 0.0


def scoring_pools(
    questions: Sequence[Question],
    reasons: Sequence[int | None],
    effects: SubsetEffects,
    least_gap: float = LEAST_GAP,
) -> list[Pool | None]:
    """The pool of subsets of size k for each question (step 1).

    `None` if the question is ill-posed or its history has fewer than three distinct items.
    """
    counts = [len(set(question.history)) for question in questions]
    sizes = [reasons_scored(asked, n) for asked, n in zip(reasons, counts, strict=True)]
    enough = [i for i, n in enumerate(counts) if n >= FEWEST_ITEMS]
    found = effects.pools([questions[i] for i in enough], [sizes[i] for i in enough])
    pools: list[Pool | None] = [None] * len(questions)
    for i, pool in zip(enough, found, strict=True):
        pools[i] = pool if pool.gap >= least_gap else None
    return pools


def normalised(effects: np.ndarray, pool: Pool) -> np.ndarray:
    """Effects of sets (S,), scaled so that a pool's random is 0 and its best 1; in [-1, 1]."""
    return np.clip((effects - pool.random) / pool.gap, -1, 1)


def faithfulness_score(
    answers: Sequence[Answer],
    questions: Sequence[Question],
    reasons: Sequence[int | None],
    effects: SubsetEffects,
    least_gap: float = LEAST_GAP,
) -> list[float | None]:
    """The faithfulness score of each answer, in [-1, 1].

    `None` if the question is ill-posed or its history has fewer than three distinct items.

    Args:
        reasons: the number that each prompt asked for; `None` if it gave none.
        effects: of removing items, by the score's perturbation and measure.
        least_gap: smallest gap between best and random, in units of the measure; a question below
            it is ill-posed.

    Raises:
        ValueError: a cited item is not in its history, or the arguments differ in length.
    """
    pools = scoring_pools(questions, reasons, effects, least_gap)
    scores = [
        None if pool is None else score_without_set(answer, question.label, pool.size)
        for answer, question, pool in zip(answers, questions, pools, strict=True)
    ]
    by_set = [(i, pool) for i, pool in enumerate(pools) if pool is not None and scores[i] is None]
    found = effects.of([questions[i] for i, _ in by_set], [answers[i].cited for i, _ in by_set])
    for (i, pool), effect in zip(by_set, found, strict=True):
        score = float(normalised(effect, pool))
        scores[i] = score if answers[i].names_item else min(score, 0.0)
    return scores


class Asked(NamedTuple):
    """A batch row with an explanation question, and its answer."""

    row: int
    answer: Answer
    question: Question
    reasons: int | None


def asked_questions(
    readings: Sequence[Reading],
    task: Sequence[str],
    history: Sequence[Sequence[int]],
    item: Sequence[int | None],
    label: Sequence[Label | None],
    reasons: Sequence[int | None],
) -> list[Asked]:
    """The rows of a batch with an explanation question, and their answers.

    Raises:
        ValueError: the columns differ in length.
    """
    rows = enumerate(zip(readings, task, history, item, label, reasons, strict=True))
    return [
        Asked(row, Answer.of(reading, past, target), Question(tuple(past), target, truth), count)
        for row, (reading, kind, past, target, truth, count) in rows
        if kind == "explanation" and target is not None and truth is not None
    ]


def faithfulness(
    completions: Sequence[str],
    *,
    context: RewardContext,
    task: Sequence[str],
    history: Sequence[Sequence[int]],
    item: Sequence[int | None],
    label: Sequence[Label | None],
    reasons: Sequence[int | None],
    **columns: object,
) -> list[Score]:
    """`faithfulness_score` of each explanation, by deletion, in [-1, 1].

    `None` for other tasks, without a label, with fewer than three distinct items, or if ill-posed.
    """
    readings = [context.read(text) for text in completions]
    asked = asked_questions(readings, task, history, item, label, reasons)
    found = faithfulness_score(
        [case.answer for case in asked],
        [case.question for case in asked],
        [case.reasons for case in asked],
        context.effects,
    )
    scores: list[Score] = [None] * len(completions)
    for case, score in zip(asked, found, strict=True):
        scores[case.row] = score
    return scores
