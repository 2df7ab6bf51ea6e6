"""Does the explanation cite what moved the recommender? The faithfulness score.

With C the cited items of the history, n its distinct items and k the number of reasons that the
prompt asked for (`reasons_scored`), in this order:

1. `None` where comp_best(k) - comp_random(k) is below 0.01: no citation is better than another.
   The text does not enter, so every method is scored on the same cases.
2. -1 for a wrong, missing or contradictory verdict.
3. 0 when nothing is cited, or more than k items.
4. (comp(C) - comp_random(k)) / (comp_best(k) - comp_random(k)), clipped to [-1, 1]; at most 0 when
   the text does not name the asked title.

comp is the comprehensiveness of `effects`; random and best are over its pool of subsets of size k.
The sign of comp follows the recommender's label, never the verdict, so that a flipped verdict that
cites the least influential item gains nothing. The score is a normalised form of the
comprehensiveness of ERASER (DeYoung et al. 2020, arXiv 1911.03429).

Range [-1, 1]. Tasks: explanation. Resists: a right verdict without reasons, and one that cites
everything (0); cited items that mean nothing to the recommender, however well they sound (their
mean is 0); fewer titles than asked for, which do less than as many as were asked for; reasons for
another item (at most 0); the flipped verdict (-1).
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
"""Distinct items below which a history is not scored: too little would remain."""
MOST_REASONS = 3
"""Most reasons that an explanation is scored for where the prompt asked for no number."""
LEAST_GAP = 0.01
"""Least gap between best and random, in percentile or membership, of a well-posed case."""
LEAST_GAP_NATS = 0.05
"""The same in log-probability."""


class Answer(NamedTuple):
    """What a text says in answer to a question."""

    verdict: Verdict
    cited: History
    """Items of the history, each once, in any order."""
    names_item: bool
    """Whether the text names the asked title."""

    @classmethod
    def of(cls, reading: Reading, history: Sequence[int], item: int) -> "Answer":
        """What a reading says of an item, given a history."""
        return cls(reading.verdict, reading.cited(history), item in reading.items)


def most_cited(n: int) -> int:
    """Most citations scored among `n` distinct items: naming everything explains nothing."""
    return max(1, n // 3)


def reasons_scored(asked: int | None, n: int) -> int:
    """k, the number of reasons that an explanation is scored for, at least 1.

    Args:
        asked: reasons that the prompt asked for; `None` for no number.
        n: distinct items of the history.
    """
    return min(asked or MOST_REASONS, most_cited(n))


def score_without_set(answer: Answer, label: Label, k: int) -> float | None:
    """The score of an answer whose cited set does not decide it (steps 2 and 3), else `None`."""
    if answer.verdict != label:
        return -1.0
    return None if 0 < len(answer.cited) <= k else 0.0


def scoring_pools(
    questions: Sequence[Question],
    reasons: Sequence[int | None],
    effects: SubsetEffects,
    least_gap: float = LEAST_GAP,
) -> list[Pool | None]:
    """The pool of subsets of size k that each question is scored by (step 1).

    `None` where the question is ill-posed or its history has fewer than three distinct items.
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
    """Effects of sets (S,) between the random and the best of a well-posed pool: in [-1, 1]."""
    return np.clip((effects - pool.random) / pool.gap, -1, 1)


def faithfulness_score(
    answers: Sequence[Answer],
    questions: Sequence[Question],
    reasons: Sequence[int | None],
    effects: SubsetEffects,
    least_gap: float = LEAST_GAP,
) -> list[float | None]:
    """The faithfulness score of each answer, in [-1, 1].

    `None` where the question is ill-posed or its history has fewer than three distinct items.

    Args:
        reasons: how many the prompt of each question asked for; `None` for no number.
        effects: of taking items away, by the perturbation and the measure of this score.
        least_gap: between best and random, in units of the measure; ill-posed below.

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
    """A row of a batch that asks why the recommender labels an item, and what was answered."""

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
    """The explanation questions among the rows of a batch, with what was answered.

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
    """`faithfulness_score` of what each explanation says, by deletion, in [-1, 1].

    `None` for other tasks, without a label, with fewer than three distinct items, or ill-posed.
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
