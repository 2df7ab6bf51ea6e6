"""Weights of reward terms, fixed or scheduled over training."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from itertools import pairwise
from typing import TypeAlias

import numpy as np

Schedule: TypeAlias = Mapping[str, Sequence[Sequence[float]]]
"""Term name to points (progress, weight): linear between them, constant outside. Progress is the
fraction of training that is done, in [0, 1]."""


def check_names(names: Iterable[str], valid: Iterable[str]) -> None:
    """Raise `ValueError` for an unknown name; the message suggests the closest valid one."""
    for name in names:
        if name not in valid:
            raise ValueError(_unknown(name, sorted(valid)))


def check_weights(
    weights: Mapping[str, float] | Iterable[tuple[str, float]], valid: Iterable[str]
) -> dict[str, float]:
    """The nonzero weights, by name.

    Raises:
        ValueError: an unknown or repeated name, a weight that is not finite, or weights that do
            not sum to more than 0.
    """
    pairs = list(weights.items() if isinstance(weights, Mapping) else weights)
    check_names((name for name, _ in pairs), valid)
    for name, count in Counter(name for name, _ in pairs).items():
        if count > 1:
            raise ValueError(f"reward {name!r} has {count} weights: give one.")
    for name, weight in pairs:
        if not math.isfinite(weight):
            raise ValueError(f"the weight of reward {name!r} is {weight}: give a finite number.")
    total = sum(weight for _, weight in pairs)
    if total <= 0:
        raise ValueError(f"reward weights {dict(pairs)} sum to {total}: give a sum above 0.")
    return {name: float(weight) for name, weight in pairs if weight}


def check_schedule(schedule: Schedule, weights: Mapping[str, float], valid: Iterable[str]) -> None:
    """Check a schedule.

    Raises:
        ValueError: an unknown name; points that are not pairs of finite numbers, or whose progress
            does not increase within [0, 1]; or weights that do not sum to more than 0 at some time.
    """
    check_names(schedule, valid)
    for name, points in schedule.items():
        _check_points(name, points)
    # The sum is linear between points, so checking it at the points suffices.
    for progress in sorted({0.0, 1.0, *(p for points in schedule.values() for p, _ in points)}):
        now = weights_at(weights, schedule, progress)
        if sum(now.values()) <= 0:
            raise ValueError(
                f"at progress {progress} reward weights are {now}: give a sum above 0."
            )


def weights_at(
    weights: Mapping[str, float], schedule: Schedule, progress: float
) -> dict[str, float]:
    """The weights at a point of training, including zeros; a schedule overrides a fixed weight."""
    scheduled = {
        name: float(np.interp(progress, *np.array(points, dtype=float).T))
        for name, points in schedule.items()
    }
    return {**weights, **scheduled}


def _check_points(name: str, points: Sequence[Sequence[float]]) -> None:
    where = f"the schedule of reward {name!r}"
    if not points or any(len(point) != 2 or not all(map(math.isfinite, point)) for point in points):
        raise ValueError(
            f"{where} is {list(points)}: give pairs of progress and weight, such as "
            "[[0, 0], [0.5, 1]]."
        )
    places = [progress for progress, _ in points]
    if places[0] < 0 or places[-1] > 1 or any(b <= a for a, b in pairwise(places)):
        raise ValueError(
            f"{where} has points at progress {places}: give increasing fractions of training, from "
            "0 to 1."
        )


def _unknown(name: str, valid: Sequence[str]) -> str:
    close = get_close_matches(name, valid, n=1, cutoff=0.4)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    return f"unknown reward {name!r}.{hint} Valid: {', '.join(valid)}."
