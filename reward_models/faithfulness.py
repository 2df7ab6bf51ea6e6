"""Does the explanation cite what moved the recommender? The faithfulness score.

    faithfulness score = (comp(C) - comp_random) / (comp_best - comp_random), clipped to [-1, 1]

where comp is the comprehensiveness of `effects`, C the cited items, and random and best are over
subsets of size |C|. The sign of comp follows the recommender's label, never the verdict, so that a
flipped verdict that cites the least influential item gains nothing. It is the normalised form of
the comprehensiveness of ERASER (DeYoung et al. 2020, arXiv 1911.03429).

Range [-1, 1]. Tasks: explanation. Resists: a right verdict without reasons, and one that cites
everything (0); cited items that mean nothing to the recommender, however well they sound (their
mean is 0); the flipped verdict (-1).
"""

from collections.abc import Collection, Sequence

import numpy as np

from reward_models.context import RewardContext
from reward_models.perturb.effects import Effect, Question, SubsetEffects
from reward_models.text.verdict import Verdict
from reward_models.types import Label, Score

FEWEST_ITEMS = 3
"""Distinct items below which a history is not scored: too little would remain."""
ILL_POSED = 0.01
"""Gap between best and random below which no citation is better than another."""


def most_cited(n: int) -> int:
    """Most citations scored among `n` distinct items: naming everything explains nothing."""
    return max(1, n // 3)


def is_scored(cited: int, n: int) -> bool:
    """Whether a set of so many cited items, of `n` distinct ones, has a faithfulness score of its
    own."""
    return n >= FEWEST_ITEMS and 0 < cited <= most_cited(n)


def normalised(effect: Effect) -> float | None:
    """The faithfulness score of one effect, in [-1, 1]; `None` when the case is ill-posed."""
    scores = normalised_effects(np.array([effect.cited]), effect.random, effect.best)
    return None if scores is None else float(scores[0])


def normalised_effects(effects: np.ndarray, random: float, best: float) -> np.ndarray | None:
    """The faithfulness scores (S,), in [-1, 1], of the effects (S,) of sets of one size; `None`
    when the case is ill-posed."""
    gap = best - random
    return None if gap < ILL_POSED else np.clip((effects - random) / gap, -1, 1)


def faithfulness_score(
    verdicts: Sequence[Verdict],
    cited: Sequence[Collection[int]],
    *,
    history: Sequence[Sequence[int]],
    item: Sequence[int | None],
    label: Sequence[Label | None],
    effects: SubsetEffects,
) -> list[float | None]:
    """The faithfulness score of verdicts and cited sets, each in [-1, 1].

    -1 for a wrong, missing or contradictory verdict; otherwise 0 when nothing is cited, or more
    than `most_cited`; otherwise `regret`. `None` without a label, with fewer than three distinct
    items, or when ill-posed.

    Raises:
        ValueError: a cited item is not in its history.
    """
    scores: list[float | None] = [None] * len(verdicts)
    open_cases: list[tuple[int, Question]] = []
    rows = zip(verdicts, cited, history, item, label, strict=True)
    for i, (verdict, named, past, target, truth) in enumerate(rows):
        n = len(set(past))
        if target is None or truth is None or n < FEWEST_ITEMS:
            continue
        if verdict != truth:
            scores[i] = -1.0
        elif not is_scored(len(set(named)), n):
            scores[i] = 0.0
        else:
            open_cases.append((i, Question(tuple(past), target, truth)))
    found = effects.effects([q for _, q in open_cases], [cited[i] for i, _ in open_cases])
    for (i, _), effect in zip(open_cases, found, strict=True):
        scores[i] = normalised(effect) if effect else None
    return scores


def faithfulness(
    completions: Sequence[str],
    *,
    context: RewardContext,
    task: Sequence[str],
    history: Sequence[Sequence[int]],
    item: Sequence[int | None],
    label: Sequence[Label | None],
    **columns: object,
) -> list[Score]:
    """`faithfulness_score` of what each explanation says, by deletion, in [-1, 1].

    `None` for other tasks, without a label, with fewer than three distinct items, or ill-posed.
    """
    readings = [context.read(text) for text in completions]
    explains = [kind == "explanation" for kind in task]
    scores = faithfulness_score(
        [reading.verdict for reading in readings],
        [reading.cited(past) for reading, past in zip(readings, history, strict=True)],
        history=history,
        item=item,
        label=[
            truth if explained else None for truth, explained in zip(label, explains, strict=True)
        ],
        effects=context.effects,
    )
    return list(scores)
