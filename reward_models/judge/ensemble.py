"""Combines several judges."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from statistics import fmean
from typing import Final

from reward_models.judge.types import Judge, JudgeCase, Preference, Rating
from reward_models.types import FAILED, Failed


def _most_frequent(ratings: Sequence[float]) -> float:
    """The most frequent level; if there are several, the lowest.

    A rating between two levels counts as the nearer one, and one half-way as the lower one.
    """
    counts = Counter(float(math.ceil(rating - 0.5)) for rating in ratings)
    return min(counts, key=lambda level: (-counts[level], level))


COMBINATIONS: Final[dict[str, Callable[[Sequence[float]], float]]] = {
    "mean": fmean,
    "min": min,
    "majority": _most_frequent,
}
_VALUES: Final = {"first": 1.0, "tie": 0.0, "second": -1.0}


class Ensemble:
    """Asks every judge and combines the answers.

    Ratings: `mean`; `min`, which rises only if all judges rate higher; or `majority`, the most
    frequent level (of several, the lowest). Preferences: `mean` takes the side with more votes,
    `majority` the side with more than half of all votes, `min` the side that all vote for;
    otherwise a tie. A case is `FAILED` if one judge failed, because a mean over the others would
    be on another scale.

    Args:
        judges: one or more.
        how: a key of `COMBINATIONS`.

    Raises:
        ValueError: there is no judge, or `how` is unknown.
    """

    def __init__(self, judges: Sequence[Judge], how: str = "mean") -> None:
        if not judges:
            raise ValueError("the ensemble has no judges: give one or more.")
        if how not in COMBINATIONS:
            raise ValueError(f"how is {how!r}: give one of {', '.join(COMBINATIONS)}.")
        self._judges, self._how = judges, how

    def rate(self, cases: Sequence[JudgeCase]) -> list[Rating]:
        """A rating for each case."""
        rows = zip(*(judge.rate(cases) for judge in self._judges), strict=True)
        return [self._rating(row) for row in rows]

    def prefer(self, pairs: Sequence[tuple[JudgeCase, JudgeCase]]) -> list[Preference]:
        """For each pair, which is better."""
        rows = zip(*(judge.prefer(pairs) for judge in self._judges), strict=True)
        return [self._preference(row) for row in rows]

    def _rating(self, ratings: Sequence[Rating]) -> Rating:
        given = [rating for rating in ratings if not isinstance(rating, Failed)]
        return COMBINATIONS[self._how](given) if len(given) == len(ratings) else FAILED

    def _preference(self, votes: Sequence[Preference]) -> Preference:
        given = [_VALUES[vote] for vote in votes if not isinstance(vote, Failed)]
        if len(given) < len(votes):
            return FAILED
        needed = {"mean": 0.0, "majority": len(votes) / 2, "min": len(votes) - 1}[self._how]
        first, second = given.count(1.0), given.count(-1.0)
        if first == second or max(first, second) <= needed:
            return "tie"
        return "first" if first > second else "second"
