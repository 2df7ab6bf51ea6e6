"""Pareto fronts."""

from collections.abc import Mapping, Sequence


def dominators(points: Mapping[str, Sequence[float]]) -> dict[str, list[str]]:
    """For each point, the points that dominate it: no worse in every coordinate, better in one.

    Higher is better. The points without dominators form the Pareto front.
    """
    return {
        name: [other for other, at in points.items() if _beats(at, point)]
        for name, point in points.items()
    }


def _beats(a: Sequence[float], b: Sequence[float]) -> bool:
    pairs = list(zip(a, b, strict=True))
    return all(x >= y for x, y in pairs) and any(x > y for x, y in pairs)
