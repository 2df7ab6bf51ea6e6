"""Differences of two methods: over the users that both have."""

import numpy as np
import pytest

from rl_explain.evaluation.results import Result
from rl_explain.evaluation.statistics import Measure
from rl_explain.studies.differences import family


def result(method: str, values: list[float], users: list[int]) -> Result:
    return Result(method, "", {}, {"score": Measure(np.array(values), np.array(users))}, [])


def test_a_control_that_lost_users_is_held_against_the_others_alone() -> None:
    """Users 1 and 2 have 0.5 and 0.7 against 0.1 and 0.2: 0.45; user 0 would make it 0.7 less."""
    seeds = {0: {"own": result("own", [0.9, 0.1, 0.2], [0, 1, 2])}}
    seeds[0]["control"] = result("control", [0.5, 0.7], [1, 2])
    [found] = family(seeds, [("score", "control", "own")], resamples=50, permutations=50)
    assert found.users == 2
    assert found.pooled.value == pytest.approx(0.45)


def pair(*gains: float) -> dict[int, dict[str, Result]]:
    """Two methods of one seed a gain, over the same noise."""
    users = list(range(30))
    noise = [np.random.default_rng(seed).normal(size=30) for seed in range(len(gains))]
    return {
        seed: {
            "new": result("new", (noise[seed] + gain).tolist(), users),
            "old": result("old", noise[seed].tolist(), users),
        }
        for seed, gain in enumerate(gains)
    }


def test_above_needs_every_seed_and_says_whether_intervals_overlap() -> None:
    asked = [("score", "new", "old")]
    [found] = family(pair(0.2, 0.3, 0.2), asked, 200, 200)
    assert (found.direction, found.intervals) == ("above", "overlap")
    [found] = family(pair(3.0, 3.0), asked, 200, 200)
    assert (found.direction, found.intervals) == ("above", "separate")
    [found] = family(pair(0.2, -0.3, 0.2), asked, 200, 200)
    assert found.direction == "-"
    [found] = family(pair(-0.2, -0.3), asked, 200, 200)
    assert found.direction == "below"
    assert found.rows()[0]["direction"] == "below"
