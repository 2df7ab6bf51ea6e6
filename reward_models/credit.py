"""Citation credits: the faithfulness score, split among the cited titles.

A text cites C = {c_1, ..., c_m}, in the order in which it names them; the prompt asked for k >= m
reasons. The faithfulness score of a set S is s(S) = (comp(S) - comp_random(k)) / (comp_best(k) -
comp_random(k)), clipped to [-1, 1]. The expected score after j citations, with the rest drawn at
random, is

    P_j = mean of s(S) over the evaluated subsets S of size m that contain c_1, ..., c_j   (j < m)
    P_m = s(C)

Citation j gets the credit P_j - P_(j-1). Credits sum to s(C) - P_0. P_0, the mean over all subsets
of size m, is about 0 for m = k and lower if the text cites fewer items than asked for. If there are
at most 200 subsets of a size, all are evaluated. Otherwise P_j = P_(j-1) if no evaluated subset
contains c_1, ..., c_j; a later citation then gets this one's credit.

This is a difference reward (Wolpert and Tumer 2002) in the form of potential-based shaping (Ng,
Harada and Russell 1999). Shaping's guarantee that the optimal policy does not change does not carry
over, because m is known only at the end of the text.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from reward_models.context import RewardContext
from reward_models.faithfulness import (
    Asked,
    asked_questions,
    normalised,
    score_without_set,
    scoring_pools,
)
from reward_models.perturb.effects import Pool, Question, SubsetEffects, distinct
from reward_models.text.reading import Reading
from reward_models.types import Label


class Credit(NamedTuple):
    """A citation, `text[start:end]`, and its part of the faithfulness score, in [-2, 2]."""

    start: int
    end: int
    value: float


def citation_credits(
    completions: Sequence[str],
    *,
    context: RewardContext,
    task: Sequence[str],
    history: Sequence[Sequence[int]],
    item: Sequence[int | None],
    label: Sequence[Label | None],
    reasons: Sequence[int | None],
    **columns: object,
) -> list[list[Credit]]:
    """The credits of each text, in text order.

    No credits if the cited set does not decide the faithfulness score: an ill-posed case, another
    task, a wrong verdict, no citation or more than asked for, or the asked title is not named.

    Columns are those of the term `faithfulness`, one value per completion.

    Raises:
        ValueError: a column is not as long as `completions`.
    """
    readings = [context.read(text) for text in completions]
    asked = asked_questions(readings, task, history, item, label, reasons)
    scored = _scored_by_set(asked, context.effects)
    questions = [case.question for case, _ in scored]
    cited = [case.answer.cited for case, _ in scored]
    pools = context.effects.pools(questions, [len(items) for items in cited])
    own = context.effects.of(questions, cited)
    credits: list[list[Credit]] = [[] for _ in completions]
    for (case, scale), pool, effect in zip(scored, pools, own, strict=True):
        named = _first_mentions(readings[case.row], case.answer.cited)
        expected = _expected(pool, scale, case.question, [found for found, *_ in named])
        steps = np.diff([*expected, normalised(effect, scale)]).tolist()
        credits[case.row] = [
            Credit(start, end, value)
            for (_, start, end), value in zip(named, steps, strict=True)
            if value
        ]
    return credits


def _scored_by_set(asked: Sequence[Asked], effects: SubsetEffects) -> list[tuple[Asked, Pool]]:
    """The cases whose cited set decides the score, each with the pool that normalises it."""
    pools = scoring_pools([c.question for c in asked], [c.reasons for c in asked], effects)
    return [
        (case, pool)
        for case, pool in zip(asked, pools, strict=True)
        if pool is not None
        and case.answer.names_item
        and score_without_set(case.answer, case.question.label, pool.size) is None
    ]


def _first_mentions(reading: Reading, cited: Sequence[int]) -> list[tuple[int, int, int]]:
    """Item, start and end of the first mention of each cited item."""
    found: dict[int, tuple[int, int, int]] = {}
    for item, start, end in reading.citations:
        if item in cited:
            found.setdefault(item, (item, start, end))
    return list(found.values())


def _expected(pool: Pool, scale: Pool, question: Question, cited: Sequence[int]) -> list[float]:
    """P_0 to P_(m-1): the mean score of the subsets that contain the first items of `cited`."""
    scores = normalised(pool.effects, scale)
    place = {item: position for position, item in enumerate(distinct(question.history))}
    contains = np.ones(len(scores), dtype=bool)
    expected = [float(scores.mean())]
    for item in cited[:-1]:
        contains &= (pool.subsets == place[item]).any(axis=1)
        expected.append(float(scores[contains].mean()) if contains.any() else expected[-1])
    return expected
