"""Intervals against SciPy and a slow bootstrap written with plain loops, and their coverage."""

import random
import statistics as plain

import numpy as np
import pytest
from scipy.stats import bootstrap

from rl_explain.evaluation.statistics import (
    Estimate,
    Measure,
    corpus_estimate,
    difference,
    direction,
    estimate,
    overlap,
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


def test_matches_scipy_with_one_seed() -> None:
    """SciPy resamples the users' sums and counts in pairs."""
    measure = clustered(0).where(np.random.default_rng(1).random(90) < 0.6)
    users = np.unique(measure.users)
    parts = [measure.values[measure.users == user] for user in users]
    sums, counts = np.array([part.sum() for part in parts]), np.array([len(p) for p in parts])
    scipy_found = bootstrap(
        (sums, counts),
        lambda s, c, axis: s.sum(axis=axis) / c.sum(axis=axis),
        paired=True,
        vectorized=True,
        n_resamples=20_000,
        method="percentile",
        rng=4,
    ).confidence_interval
    found = estimate(measure, 20_000, seed=5)
    assert (found.low, found.high) == pytest.approx(tuple(scipy_found), abs=0.01)


def two_seeds(seed: int, num_seeds: int = 2, users: int = 8, spread: float = 1.0) -> Measure:
    """Seeds of different users and unequal sizes, each with an offset of its own."""
    rng = np.random.default_rng(seed)
    sizes = [users + i for i in range(num_seeds)]
    values = [rng.normal() * spread + rng.normal(size=(n, 1)) + np.zeros((n, 2)) for n in sizes]
    return Measure(
        np.concatenate([v.ravel() for v in values]),
        np.concatenate([np.repeat(np.arange(n), 2) for n in sizes]),
        np.repeat(np.arange(num_seeds), [2 * n for n in sizes]),
    )


def slow_two_level(measure: Measure, resamples: int, seed: int) -> tuple[float, float]:
    """Draw seeds, then users of each drawn seed, one by one, and pool their cases."""
    cases: dict[int, dict[int, list[float]]] = {}
    assert measure.seeds is not None
    for value, user, of in zip(measure.values, measure.users, measure.seeds, strict=True):
        cases.setdefault(int(of), {}).setdefault(int(user), []).append(float(value))
    draw = random.Random(seed)
    means = []
    for _ in range(resamples):
        pool: list[float] = []
        for of in draw.choices(list(cases), k=len(cases)):
            for user in draw.choices(list(cases[of]), k=len(cases[of])):
                pool += cases[of][user]
        means.append(plain.fmean(pool))
    cuts = plain.quantiles(means, n=40, method="inclusive")
    return cuts[0], cuts[-1]


def test_two_levels_match_a_slow_bootstrap() -> None:
    measure = two_seeds(0, num_seeds=3)
    low, high = slow_two_level(measure, 20_000, seed=1)
    found = estimate(measure, 20_000, seed=2)
    assert found.value == pytest.approx(plain.fmean(measure.values))
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.03)


def test_seeds_that_differ_widen_the_interval_and_equal_ones_do_not() -> None:
    one = clustered(0)
    apart = two_seeds(0, spread=10.0)
    same = Measure(np.tile(one.values, 2), np.tile(one.users, 2), np.repeat([0, 1], 90))

    def ratio(measure: Measure) -> float:
        assert measure.seeds is not None
        users = measure.users + 100 * measure.seeds
        wide, narrow = estimate(measure), estimate(Measure(measure.values, users))
        return (wide.high - wide.low) / (narrow.high - narrow.low)

    assert ratio(apart) > 2
    assert ratio(same) == pytest.approx(1, abs=0.1)


def test_one_seed_is_over_users() -> None:
    measure = clustered(3)
    seeds = np.full(len(measure.users), 7)
    assert estimate(Measure(measure.values, measure.users, seeds)) == estimate(measure)


def test_two_level_difference_is_paired_within_seeds() -> None:
    before = two_seeds(1, spread=10.0)
    after = Measure(before.values + 0.05, before.users, before.seeds)
    change = difference(after, before)
    assert (change.value, change.low, change.high) == pytest.approx((0.05, 0.05, 0.05))


def test_above_asks_for_the_interval_and_for_every_seed() -> None:
    up, down, wide = Estimate(0.3, 0.1, 0.5), Estimate(-0.3, -0.5, -0.1), Estimate(0.3, -0.1, 0.5)
    assert direction(up, [up, wide]) == "above"
    assert direction(up, [up, down]) == "-"
    assert direction(wide, [up]) == "-"
    assert direction(down, [down]) == "below"
    assert direction(down, [down, up]) == "-"


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
    assert overlap(estimate(before), estimate(after)) == "overlap"


def test_difference_of_other_users_is_refused() -> None:
    one, other = clustered(0, users=3), clustered(0, users=4)
    with pytest.raises(ValueError, match="same users"):
        difference(one, other)


def test_intervals_overlap_or_are_separate() -> None:
    low, high, touching = Estimate(0.1, 0.0, 0.2), Estimate(0.5, 0.4, 0.6), Estimate(0.3, 0.2, 0.4)
    assert overlap(low, high) == "separate"
    assert overlap(high, low) == "separate"
    assert overlap(low, touching) == "overlap"
    assert overlap(low, Estimate(0.1, np.nan, np.nan)) == "-"


def test_resamples_hold_as_many_users_and_depend_on_the_seed_alone() -> None:
    weights = resample_users((7,), 50, seed=8)
    assert (weights.sum(axis=1) == 7).all()
    assert (weights == resample_users((7,), 50, seed=8)).all()
    assert (weights != resample_users((7,), 50, seed=9)).any()


def test_each_draw_of_a_seed_brings_as_many_users_as_the_seed_has() -> None:
    weights = resample_users((3, 5), 200, seed=0)
    drawn = np.stack([weights[:, :3].sum(axis=1) / 3, weights[:, 3:].sum(axis=1) / 5])
    assert (drawn.sum(axis=0) == 2).all()
    assert set(drawn[0]) == {0, 1, 2}


def test_corpus_interval_surrounds_the_estimate() -> None:
    """The share of distinct values falls when users repeat; the shift takes that out."""
    values = np.arange(40) % 25

    def distinct(weights: np.ndarray) -> np.ndarray:
        return np.array([len(set(values[row > 0])) / row.sum() for row in weights])

    found = corpus_estimate(distinct, 40)
    assert found.value == 25 / 40
    assert found.low < 25 / 40 < found.high
