"""What each citation of an explanation brought: the faithfulness score, split among the cited
titles.

A text cites C = {c_1, ..., c_m}, in the order in which it names them. After j citations

    P_j = mean faithfulness score of the evaluated subsets of size m that hold c_1, ..., c_j

is what the set is expected to score when the rest is drawn at random. Citation j is credited P_j -
P_(j-1), which sums to P_m - P_0. P_0 is the mean over all subsets; P_m is the faithfulness score
itself, where C was evaluated. Up to 200 subsets all are; of more, a citation that no evaluated
subset knows gets 0, and what it brought stays in the score.

The idea is that of a difference reward (Wolpert and Tumer 2002), in the form of a change of
potential (Ng, Harada and Russell 1999). The latter's guarantee that no policy ranks differently
does not carry over: m is known at the end of the text alone.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from reward_models.context import RewardContext
from reward_models.faithfulness import is_scored, normalised_effects
from reward_models.perturb.effects import Pool, Question, distinct
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
    **columns: object,
) -> list[list[Credit]]:
    """The credits of each text, in text order; none where the faithfulness score is not that of a
    set: a wrong verdict, no citation or too many, an ill-posed case, another task.

    Columns are as the term `faithfulness` takes them, one value a completion.

    Raises:
        ValueError: a column is not as long as `completions`.
    """
    credits: list[list[Credit]] = [[] for _ in completions]
    asked: list[tuple[int, Question, list[tuple[int, int, int]]]] = []
    rows = zip(completions, task, history, item, label, strict=True)
    for i, (text, kind, past, target, truth) in enumerate(rows):
        reading, n = context.read(text), len(set(past))
        if kind != "explanation" or target is None or not truth or reading.verdict != truth:
            continue
        named = _first_mentions(reading, past)
        if is_scored(len(named), n):
            asked.append((i, Question(tuple(past), target, truth), named))
    pools = context.effects.pools([q for _, q, _ in asked], [len(named) for *_, named in asked])
    for (i, question, named), pool in zip(asked, pools, strict=True):
        steps = _steps(pool, question, [found for found, *_ in named])
        credits[i] = [
            Credit(start, end, value)
            for (_, start, end), value in zip(named, steps, strict=True)
            if value
        ]
    return credits


def _first_mentions(reading: Reading, history: Sequence[int]) -> list[tuple[int, int, int]]:
    """Item, start and end of the first mention of each cited item."""
    cited = reading.cited(history)
    found: dict[int, tuple[int, int, int]] = {}
    for item, start, end in reading.citations:
        if item in cited:
            found.setdefault(item, (item, start, end))
    return list(found.values())


def _steps(pool: Pool, question: Question, cited: Sequence[int]) -> list[float]:
    """Credit of each cited item, in order; 0 where no evaluated subset tells."""
    scores = normalised_effects(pool.effects, pool.random, pool.best)
    if scores is None:
        return [0.0] * len(cited)
    place = {item: position for position, item in enumerate(distinct(question.history))}
    holds = np.ones(len(scores), dtype=bool)
    steps, before = [], float(scores.mean())
    for item in cited:
        holds &= (pool.subsets == place[item]).any(axis=1)
        after = float(scores[holds].mean()) if holds.any() else before
        steps.append(after - before)
        before = after
    return steps
