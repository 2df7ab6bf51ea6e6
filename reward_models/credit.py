"""What each citation of an explanation brought: the faithfulness score, split among the cited
titles.

A text cites C = {c_1, ..., c_m}, in the order in which it names them, where k >= m reasons were
asked for. The faithfulness score of a set S is s(S) = (comp(S) - comp_random(k)) / (comp_best(k) -
comp_random(k)), clipped to [-1, 1]. After j citations

    P_j = mean of s(S) over the evaluated subsets S of size m that hold c_1, ..., c_j   (j < m)
    P_m = s(C)

is what the set is expected to score when the rest is drawn at random. Citation j is credited P_j -
P_(j-1), which sums to s(C) - P_0. P_0, the mean over all subsets of size m, is about 0 for m = k
and lower for fewer citations than were asked for. Up to 200 subsets of a size are all evaluated; of
more, P_j = P_(j-1) where no evaluated subset holds c_1, ..., c_j, so that a later citation takes
what this one brought.

The idea is that of a difference reward (Wolpert and Tumer 2002), in the form of a change of
potential (Ng, Harada and Russell 1999). The latter's guarantee that no policy ranks differently
does not carry over: m is known at the end of the text alone.
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
    """`text[start:end]` names a title that brought so much of the faithfulness score, in [-2,
    2]."""

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

    None where the faithfulness score is not that of a set: an ill-posed case, another task, a
    wrong verdict, no citation or more than were asked for, or a text that does not name the asked
    title.

    Columns are as the term `faithfulness` takes them, one value a completion.

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
    """The cases whose score is that of their cited set, each with the pool that scales it."""
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
    """P_0 to P_(m-1): the mean score of the subsets that hold the first items of `cited`."""
    scores = normalised(pool.effects, scale)
    place = {item: position for position, item in enumerate(distinct(question.history))}
    holds = np.ones(len(scores), dtype=bool)
    expected = [float(scores.mean())]
    for item in cited[:-1]:
        holds &= (pool.subsets == place[item]).any(axis=1)
        expected.append(float(scores[holds].mean()) if holds.any() else expected[-1])
    return expected
