"""Ensembles of judges, by hand."""

from collections.abc import Sequence

import pytest

from reward_models.judge.ensemble import Ensemble
from reward_models.judge.types import JudgeCase, Preference, Rating
from reward_models.types import FAILED


class Says:
    """A judge with fixed ratings and votes."""

    def __init__(self, ratings: Sequence[Rating] = (), votes: Sequence[Preference] = ()) -> None:
        self.ratings, self.votes = list(ratings), list(votes)

    def rate(self, cases: Sequence[JudgeCase]) -> list[Rating]:
        assert len(cases) == len(self.ratings)
        return self.ratings

    def prefer(self, pairs: Sequence[tuple[JudgeCase, JudgeCase]]) -> list[Preference]:
        assert len(pairs) == len(self.votes)
        return self.votes


CASE = JudgeCase("Yes.", (0,), 1, "yes")


@pytest.mark.parametrize(
    ("how", "ratings"),
    [
        ("mean", [2.0, 3.0, 8 / 3]),
        ("min", [1.0, 3.0, 2.0]),
        ("majority", [1.0, 3.0, 2.0]),
    ],
)
def test_ratings(how: str, ratings: list[float]) -> None:
    judges = [Says([1.0, 3.0, 4.0]), Says([1.0, 3.0, 2.0]), Says([4.0, 3.0, 2.0])]
    assert Ensemble(judges, how).rate([CASE] * 3) == pytest.approx(ratings)


def test_the_lowest_of_equally_frequent_ratings() -> None:
    judges = [Says([rating]) for rating in (4.0, 2.0, 3.0)]
    assert Ensemble(judges, "majority").rate([CASE]) == [2.0]
    judges = [Says([rating]) for rating in (4.0, 2.0, 4.0, 2.0, 1.0)]
    assert Ensemble(judges, "majority").rate([CASE]) == [2.0]


def test_a_majority_of_ratings_between_levels_rounds_to_levels() -> None:
    """2.9, 3.2 and 1.4 count as 3, 3 and 1; unrounded, all would be different."""
    judges = [Says([rating, half]) for rating, half in ((2.9, 2.5), (3.2, 3.4), (1.4, 2.1))]
    assert Ensemble(judges, "majority").rate([CASE] * 2) == [3.0, 2.0]


@pytest.mark.parametrize("how", ["mean", "min", "majority"])
def test_one_failure_is_a_failure(how: str) -> None:
    judges = [Says([3.0, 4.0], ["first"]), Says([FAILED, 4.0], [FAILED]), Says([3.0, 4.0], ["tie"])]
    ensemble = Ensemble(judges, how)
    assert ensemble.rate([CASE] * 2) == [FAILED, 4.0]
    assert ensemble.prefer([(CASE, CASE)]) == [FAILED]


@pytest.mark.parametrize(
    ("votes", "mean", "majority", "unanimous"),
    [
        ("first first first", "first", "first", "first"),
        ("second first second", "second", "second", "tie"),
        ("first tie tie", "first", "tie", "tie"),
        ("first first tie", "first", "first", "tie"),
        ("first second tie", "tie", "tie", "tie"),
        ("tie tie tie", "tie", "tie", "tie"),
        ("second", "second", "second", "second"),
    ],
)
def test_preferences(
    votes: str, mean: Preference, majority: Preference, unanimous: Preference
) -> None:
    judges = [Says(votes=[vote]) for vote in votes.split()]  # type: ignore[list-item]
    found = {
        how: Ensemble(judges, how).prefer([(CASE, CASE)])[0] for how in ("mean", "majority", "min")
    }
    assert found == {"mean": mean, "majority": majority, "min": unanimous}


def test_no_judges_and_unknown_combinations_are_errors() -> None:
    with pytest.raises(ValueError, match="no judges"):
        Ensemble([])
    with pytest.raises(ValueError, match="how is 'median': give one of mean, min, majority"):
        Ensemble([Says()], "median")
