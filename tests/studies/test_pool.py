"""Seeds pooled, against plain means."""

import numpy as np
import pytest

from rl_explain.evaluation.results import Result
from rl_explain.evaluation.statistics import ByUser, Measure, difference
from rl_explain.studies.pool import incomplete, pooled, pooled_methods


def result(values: list[float], users: list[int], method: str = "ppo", **more: float) -> Result:
    measure = Measure(np.array(values), np.array(users))
    return Result(method, "", {"m": 0.0, **more}, {"m": measure}, [{"case": len(values)}])


def test_means_are_over_all_cases_of_all_seeds() -> None:
    found = pooled([result([1.0, 0.0, np.nan], [0, 0, 1]), result([1.0], [0])])
    assert found.metrics["m"] == pytest.approx(2 / 3)
    assert found.samples == [{"case": 3}]


def test_users_of_two_seeds_are_different_users() -> None:
    found = pooled([result([1.0, 0.0], [0, 1]), result([0.0, 0.0], [0, 1])])
    assert ByUser.of(found.measures["m"]).sums.tolist() == [1.0, 0.0, 0.0, 0.0]


def test_intervals_of_seeds_are_two_level() -> None:
    """Two seeds without any spread within: what is left is between them."""
    found = pooled([result([1.0] * 5, list(range(5))), result([0.0] * 5, list(range(5)))])
    assert (found.metrics["m/ci_low"], found.metrics["m/ci_high"]) == (0.0, 1.0)


def test_pooled_results_can_be_compared_in_pairs() -> None:
    rng = np.random.default_rng(0)
    users = np.repeat(np.arange(30), 2).tolist()
    base = [rng.normal(size=60) for _ in range(3)]
    worse = pooled([result(b.tolist(), users) for b in base])
    better = pooled([result((b + 0.1).tolist(), users) for b in base])
    found = difference(better.measures["m"], worse.measures["m"])
    assert (found.value, found.low, found.high) == pytest.approx((0.1, 0.1, 0.1))


def test_metrics_that_are_no_means_over_cases_are_averaged() -> None:
    seeds = [result([1.0], [0], **{"d": d, "d/ci_low": 0.1}) for d in (0.2, 0.4)]
    found = pooled(seeds)
    assert found.metrics["d"] == pytest.approx(0.3)
    assert found.metrics["d/ci_low"] is None


def test_a_method_is_pooled_over_the_seeds_that_have_it() -> None:
    one, two = result([1.0], [0]), result([0.0], [0], "sft")
    seeds = {0: {"ppo": one, "sft": two}, 3: {"sft": two}}
    found = pooled_methods(seeds)
    assert {method: len(of.measures["m"].values) for method, of in found.items()} == {
        "ppo": 1, "sft": 2
    }  # fmt: skip
    assert incomplete(seeds) == {"ppo": [0]}
