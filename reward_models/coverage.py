"""Does the explanation say what the user's items have in common? Counts attributes, not titles.

    weight of a value v:  w(v) = n(v) log(N / N(v))
    coverage = sum of w over the true values / sum of the `ENOUGH` largest w,  at most 1
               * true claims / claims
    0 if more than `MOST` values are named

n(v) is the number of distinct history items with v, N(v) the number of catalogue items with v, and
N the size of the catalogue. The weights are tf-idf (Salton and Buckley 1988), so a value that every
title has counts nothing. A text names a value if it claims it of a history item (`claims`) or, in a
sentence that names no title, of the user or the history. The claim is true if that item, or any
history item, has the value. Coverage of a user's profile is a common measure of explanations, e.g.
the feature coverage of Li et al. 2020, "Generate neural template explanations".

Range [0, 1]. Tasks: explanation. Resists: naming the whole history, since titles do not count;
stuffing, since `ENOUGH` values reach 1, false ones lower the score and a list of everything scores
0; values that all titles share; repeating one value.
"""

import math
from collections import Counter
from collections.abc import Sequence
from typing import TypeAlias

from reward_models.context import RewardContext
from reward_models.types import Score

ENOUGH = 2
"""Number of values that reach 1, if they have the largest weights."""
MOST = 4
"""Most values that a text may name: a list of everything does not say what matters."""

_Said: TypeAlias = tuple[int | None, str]  # (item, or `None` for the user; value)


def coverage(
    completions: Sequence[str],
    *,
    context: RewardContext,
    task: Sequence[str],
    history: Sequence[Sequence[int]],
    item: Sequence[int | None],
    **columns: object,
) -> list[Score]:
    """Weighted share of the history's attributes that the explanation names, in [0, 1].

    `None` for other tasks, and if no attribute distinguishes the history from the catalogue.
    """
    rows = zip(completions, task, history, item, strict=True)
    return [
        _score(text, past, target, context) if kind == "explanation" else None
        for text, kind, past, target in rows
    ]


def _score(
    text: str, history: Sequence[int], target: int | None, context: RewardContext
) -> float | None:
    weights = _weights(history, context)
    enough = sum(sorted(weights.values())[-ENOUGH:])
    if not enough:
        return None
    said, true = _claims(text, set(history), target, context)
    if not 0 < len({value for _, value in said}) <= MOST:
        return 0.0
    covered = sum(weights[value] for value in {value for _, value in true})
    return min(1.0, covered / enough) * len(true) / len(said)


def _weights(history: Sequence[int], context: RewardContext) -> dict[str, float]:
    """The weight w of every value of the history's items."""
    claims = context.claims
    counts = Counter(value for item in set(history) for value in claims.values_of(item))
    size = len(context.titles)
    return {value: n * math.log(size / claims.frequency[value]) for value, n in counts.items()}


def _claims(
    text: str, history: set[int], target: int | None, context: RewardContext
) -> tuple[set[_Said], set[_Said]]:
    """All claims about history items and the user, and those that are true."""
    claims, reading = context.claims, context.read(text)
    held = {value for item in history for value in claims.values_of(item)}
    of_items = {claim for claim in claims.find(reading, target) if claim.item in history}
    of_user: set[_Said] = {(None, value) for value in claims.of_user(reading)}
    true = {claim for claim in of_items if claims.is_true(claim)}
    return of_items | of_user, true | {said for said in of_user if said[1] in held}
