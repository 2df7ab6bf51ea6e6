"""Percentile bootstrap over seeds and users (Efron and Tibshirani 1993, chapters 8 and 13).

Trainings differ, and cases of one user are similar. So the two-level interval resamples seeds and,
within each drawn seed, whole users; with one seed it resamples users alone. `scipy.stats.bootstrap`
resamples one level only, so resampling is implemented here; the tests compare the one-level
interval with SciPy's.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

RESAMPLES = 1000


@dataclass(frozen=True)
class Measure:
    """One value per case, with the case's user.

    values: (N,) float; NaN where the measure does not apply to the case.
    users: (N,) int; the user of each case.
    seeds: (N,) int; the training seed of each case; `None` if all have the same. The same user
        number in two seeds means different users, since splits and trainings differ.
    """

    values: np.ndarray
    users: np.ndarray
    seeds: np.ndarray | None = None

    @property
    def num_seeds(self) -> int:
        """Number of pooled seeds."""
        return 1 if self.seeds is None else len(np.unique(self.seeds))

    def where(self, keep: np.ndarray) -> "Measure":
        """The measure on the cases that `keep` (N,) bool selects."""
        seeds = None if self.seeds is None else self.seeds[keep]
        return Measure(self.values[keep], self.users[keep], seeds)


@dataclass(frozen=True)
class ByUser:
    """A measure's sums by user, the unit of resampling and of permutation tests.

    keys: (2, U) int; seed and user, in order.
    sums: (U,) float; the sum of a user's defined values. counts: (U,) float; their number.
    """

    keys: np.ndarray
    sums: np.ndarray
    counts: np.ndarray

    @classmethod
    def of(cls, measure: Measure) -> "ByUser":
        """The sums of a measure by user."""
        seeds = np.zeros_like(measure.users) if measure.seeds is None else measure.seeds
        keys, user = np.unique(np.stack([seeds, measure.users]), axis=1, return_inverse=True)
        defined = ~np.isnan(measure.values)
        sums = np.bincount(user, np.where(defined, measure.values, 0.0), keys.shape[1])
        return cls(keys, sums, np.bincount(user, defined, keys.shape[1]))

    @property
    def sizes(self) -> tuple[int, ...]:
        """Users of each seed."""
        return tuple(np.unique(self.keys[0], return_counts=True)[1].tolist())

    def mean(self) -> float:
        """The mean over cases; NaN, without a warning, if nothing is defined."""
        return float(self.sums.sum() / self.counts.sum()) if self.counts.any() else np.nan

    def means(self, weights: np.ndarray) -> np.ndarray:
        """The mean over cases in each resample, given weights (R, U): (R,); NaN if none applies."""
        with np.errstate(invalid="ignore"):
            return (weights @ self.sums) / (weights @ self.counts)


def paired_by_user(a: Measure, b: Measure) -> tuple[ByUser, ByUser]:
    """The sums of two measures of the same users.

    Raises:
        ValueError: the two measures are of different users.
    """
    pair = ByUser.of(a), ByUser.of(b)
    if not np.array_equal(pair[0].keys, pair[1].keys):
        raise ValueError("a paired comparison needs two measures of the same users")
    return pair


@dataclass(frozen=True)
class Estimate:
    """A mean and its 95 % interval; all three NaN if no case applies."""

    value: float
    low: float
    high: float

    def flat(self, name: str) -> dict[str, float | None]:
        """`name`, `name/ci_low`, `name/ci_high`; JSON has no NaN, so undefined is `None`."""
        numbers = {name: self.value, f"{name}/ci_low": self.low, f"{name}/ci_high": self.high}
        return {key: None if np.isnan(number) else float(number) for key, number in numbers.items()}


@lru_cache(maxsize=8)
def resample_users(sizes: Sequence[int], resamples: int, seed: int) -> np.ndarray:
    """How often each resample draws each user: (resamples, sum of sizes) int.

    Each resample draws as many seeds as there are, with replacement, and for each drawn seed as
    many of its users as it has. The array is cached, shared by metrics with the same `sizes`, and
    read-only.

    Args:
        sizes: users of each seed.
    """
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(len(sizes), np.full(len(sizes), 1 / len(sizes)), size=resamples)
    weights = [
        rng.multinomial(times * users, np.full(users, 1 / users))
        for times, users in zip(drawn.T, sizes, strict=True)
    ]
    joined = np.concatenate(weights, axis=1)
    joined.setflags(write=False)
    return joined


def estimate(measure: Measure, resamples: int = RESAMPLES, seed: int = 0) -> Estimate:
    """The mean over cases and its percentile interval: two-level, or over users with one seed."""
    if not len(measure.values):
        return Estimate(np.nan, np.nan, np.nan)
    users = ByUser.of(measure)
    drawn = users.means(resample_users(users.sizes, resamples, seed))
    return _percentile_interval(users.mean(), drawn)


def difference(a: Measure, b: Measure, resamples: int = RESAMPLES, seed: int = 0) -> Estimate:
    """Mean of `a` minus mean of `b`, paired: both use the same resampled users.

    Raises:
        ValueError: the two measures are of different users.
    """
    of_a, of_b = paired_by_user(a, b)
    if not of_a.sizes:
        return Estimate(np.nan, np.nan, np.nan)
    weights = resample_users(of_a.sizes, resamples, seed)
    return _percentile_interval(
        of_a.mean() - of_b.mean(), of_a.means(weights) - of_b.means(weights)
    )


def direction(change: Estimate, by_seed: Sequence[Estimate]) -> str:
    """`above` or `below` if the interval of a paired difference excludes 0 and the difference of
    every seed has the same sign; else `-`.
    """
    if change.low > 0 and all(alone.value > 0 for alone in by_seed):
        return "above"
    if change.high < 0 and all(alone.value < 0 for alone in by_seed):
        return "below"
    return "-"


def overlap(a: Estimate, b: Estimate) -> str:
    """`overlap` if two intervals share a value, else `separate`; `-` if one is undefined."""
    if np.isnan([a.low, a.high, b.low, b.high]).any():
        return "-"
    return "separate" if a.low > b.high or b.low > a.high else "overlap"


def corpus_estimate(
    statistic: Callable[[np.ndarray], np.ndarray],
    num_users: int,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Estimate:
    """A statistic of a whole corpus that is not a mean, such as the share of distinct bigrams.

    Drawing a user twice repeats texts, which alone biases such a statistic. The interval is
    therefore shifted by the bootstrap's own estimate of that bias (mean of the resamples minus the
    value on all users).

    Args:
        statistic: (R, num_users) weights to (R,) values.
        num_users: users of the corpus.
    """
    if not num_users:
        return Estimate(np.nan, np.nan, np.nan)
    value = statistic(np.ones((1, num_users), dtype=int))[0]
    drawn = statistic(resample_users((num_users,), resamples, seed))
    return _percentile_interval(value, drawn - (np.nanmean(drawn) - value))


def _percentile_interval(value: float, drawn: np.ndarray) -> Estimate:
    drawn = drawn[~np.isnan(drawn)]
    if np.isnan(value) or not len(drawn):
        return Estimate(value, np.nan, np.nan)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Estimate(float(value), float(low), float(high))
