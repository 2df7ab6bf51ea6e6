"""Intervals against a slow bootstrap written with plain loops, and their coverage."""

import random
import statistics as plain

import numpy as np
import pytest

from rl_explain.evaluation.statistics import (
    Estimate,
    Measure,
    corpus_estimate,
    difference,
    estimate,
    intervals_apart,
    resample_users,
)


def clustered(seed: int, users: int = 30, cases: int = 3, mean: float = 0.0) -> Measure:
    """Cases that share their user's offset."""
    rng = np.random.default_rng(seed)
    values = mean + rng.normal(size=(users, 1)) + 0.1 * rng.normal(size=(users, cases))
    return Measure(values.ravel(), np.repeat(np.arange(users), cases))


def slow_interval(measure: Measure, resamples: int, seed: int) -> tuple[float, float]:
    """Draw users one by one, pool their cases, take the mean: no weights, no matrices."""
    cases: dict[int, list[float]] = {}
    for value, user in zip(measure.values, measure.users, strict=True):
        cases.setdefault(int(user), []).append(float(value))
    draw = random.Random(seed)
    means = []
    for _ in range(resamples):
        users = draw.choices(list(cases), k=len(cases))
        means.append(plain.fmean(value for user in users for value in cases[user]))
    cuts = plain.quantiles(means, n=40, method="inclusive")
    return cuts[0], cuts[-1]


def test_matches_a_slow_bootstrap_with_unequal_users() -> None:
    full = clustered(0)
    keep = np.random.default_rng(1).random(len(full.values)) < 0.6
    measure = full.where(keep)
    low, high = slow_interval(measure, 20_000, seed=2)
    found = estimate(measure, 20_000, seed=3)
    assert found.value == pytest.approx(plain.fmean(measure.values))
    assert found.low == pytest.approx(low, abs=0.02)
    assert found.high == pytest.approx(high, abs=0.02)


def test_clustering_widens_the_interval() -> None:
    measure = clustered(4)
    alone = Measure(measure.values, np.arange(len(measure.values)))
    wide, narrow = estimate(measure), estimate(alone)
    assert wide.high - wide.low > 1.4 * (narrow.high - narrow.low)


def test_covers_the_truth_about_as_often_as_it_says() -> None:
    found = [estimate(clustered(seed, users=60, mean=0.5), 400, seed) for seed in range(300)]
    covered = np.mean([e.low <= 0.5 <= e.high for e in found])
    assert 0.90 <= covered <= 0.98


def test_undefined_cases_count_neither_above_nor_below() -> None:
    full = Measure(np.array([1.0, 0.0, 1.0, 1.0]), np.array([0, 0, 1, 2]))
    holes = Measure(np.array([1.0, 0.0, np.nan, 1.0, np.nan, 1.0]), np.array([0, 0, 0, 1, 1, 2]))
    assert estimate(holes, seed=5) == estimate(full, seed=5)


def test_nothing_defined_is_nan_and_null() -> None:
    empty = estimate(Measure(np.array([np.nan, np.nan]), np.array([0, 1])))
    assert np.isnan([empty.value, empty.low, empty.high]).all()
    assert empty.flat("m") == {"m": None, "m/ci_low": None, "m/ci_high": None}
    assert np.isnan(estimate(Measure(np.array([]), np.array([], dtype=int))).value)


def test_difference_is_paired() -> None:
    """A constant gain over shared noise is seen exactly; unpaired intervals would overlap."""
    before = clustered(6)
    after = Measure(before.values + 0.05, before.users)
    change = difference(after, before)
    assert change.value == pytest.approx(0.05)
    assert change.low == pytest.approx(0.05)
    assert change.high == pytest.approx(0.05)
    assert not intervals_apart(estimate(before), estimate(after))


def test_difference_of_other_users_is_refused() -> None:
    one, other = clustered(0, users=3), clustered(0, users=4)
    with pytest.raises(ValueError, match="same users"):
        difference(one, other)


def test_intervals_apart_both_ways_and_touching() -> None:
    low, high, touching = Estimate(0.1, 0.0, 0.2), Estimate(0.5, 0.4, 0.6), Estimate(0.3, 0.2, 0.4)
    assert intervals_apart(low, high)
    assert intervals_apart(high, low)
    assert not intervals_apart(low, touching)


def test_resamples_hold_as_many_users_and_depend_on_the_seed_alone() -> None:
    weights = resample_users(7, 50, seed=8)
    assert (weights.sum(axis=1) == 7).all()
    assert (weights == resample_users(7, 50, seed=8)).all()
    assert (weights != resample_users(7, 50, seed=9)).any()


def test_corpus_interval_surrounds_the_estimate() -> None:
    """The share of distinct values falls when users repeat; the shift takes that out."""
    values = np.arange(40) % 25

    def distinct(weights: np.ndarray) -> np.ndarray:
        return np.array([len(set(values[row > 0])) / row.sum() for row in weights])

    found = corpus_estimate(distinct, 40)
    assert found.value == 25 / 40
    assert found.low < 25 / 40 < found.high
