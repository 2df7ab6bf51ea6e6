"""Percentile bootstrap over users (Efron and Tibshirani 1993, chapters 8 and 13).

A user's cases resemble each other, so whole users are resampled, never single cases.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

RESAMPLES = 1000


@dataclass(frozen=True)
class Measure:
    """One number a case, and whose case it is.

    values: (N,) float; NaN where the measure does not apply to the case.
    users: (N,) int; the user of each case.
    """

    values: np.ndarray
    users: np.ndarray

    def where(self, keep: np.ndarray) -> "Measure":
        """The measure on the cases that `keep` (N,) bool selects."""
        return Measure(self.values[keep], self.users[keep])


@dataclass(frozen=True)
class Estimate:
    """A mean and its 95 % interval; all three NaN where no case applies."""

    value: float
    low: float
    high: float

    def flat(self, name: str) -> dict[str, float | None]:
        """`name`, `name/ci_low`, `name/ci_high`; JSON knows no NaN, so undefined is `None`."""
        numbers = {name: self.value, f"{name}/ci_low": self.low, f"{name}/ci_high": self.high}
        return {key: None if np.isnan(number) else float(number) for key, number in numbers.items()}


@lru_cache(maxsize=8)
def resample_users(num_users: int, resamples: int, seed: int) -> np.ndarray:
    """How often each resample draws each user: (resamples, num_users) int, `num_users` a row.

    The array is shared by all metrics of as many users, and read-only.
    """
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(num_users, np.full(num_users, 1 / num_users), size=resamples)
    weights.setflags(write=False)
    return weights


def estimate(measure: Measure, resamples: int = RESAMPLES, seed: int = 0) -> Estimate:
    """The mean over cases and its percentile interval over resampled users."""
    if not len(measure.values):
        return Estimate(np.nan, np.nan, np.nan)
    weights = resample_users(len(np.unique(measure.users)), resamples, seed)
    return _percentile_interval(_mean(measure.values), _means(measure, weights))


def difference(a: Measure, b: Measure, resamples: int = RESAMPLES, seed: int = 0) -> Estimate:
    """Mean of `a` minus mean of `b`, paired: both are taken on the same resampled users.

    Raises:
        ValueError: the two measures are of different users.
    """
    users = np.unique(a.users)
    if not np.array_equal(users, np.unique(b.users)):
        raise ValueError("a paired difference needs two measures of the same users")
    if not len(users):
        return Estimate(np.nan, np.nan, np.nan)
    weights = resample_users(len(users), resamples, seed)
    value = _mean(a.values) - _mean(b.values)
    return _percentile_interval(value, _means(a, weights) - _means(b, weights))


def corpus_estimate(
    statistic: Callable[[np.ndarray], np.ndarray],
    num_users: int,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Estimate:
    """A statistic of a whole corpus, such as a share of distinct bigrams, that is no mean.

    Drawing a user twice repeats texts, and that alone moves such a statistic. The interval is
    therefore shifted by the bootstrap's own estimate of that bias (mean of the resamples minus the
    value on all users).

    Args:
        statistic: (R, num_users) weights to (R,) values.
        num_users: users of the corpus.
    """
    if not num_users:
        return Estimate(np.nan, np.nan, np.nan)
    value = statistic(np.ones((1, num_users), dtype=int))[0]
    drawn = statistic(resample_users(num_users, resamples, seed))
    return _percentile_interval(value, drawn - (np.nanmean(drawn) - value))


def intervals_apart(a: Estimate, b: Estimate) -> bool:
    """Whether two intervals share no value."""
    return a.low > b.high or b.low > a.high


def _mean(values: np.ndarray) -> float:
    """Mean of what is defined; NaN, without a warning, where nothing is."""
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if len(defined) else np.nan


def _means(measure: Measure, weights: np.ndarray) -> np.ndarray:
    """The mean over cases in each resample: (resamples,); NaN where none applies."""
    _, user = np.unique(measure.users, return_inverse=True)
    defined = ~np.isnan(measure.values)
    sums = np.bincount(user, weights=np.where(defined, measure.values, 0.0))  # (U,)
    counts = np.bincount(user, weights=defined)  # (U,)
    with np.errstate(invalid="ignore"):
        return (weights @ sums) / (weights @ counts)


def _percentile_interval(value: float, drawn: np.ndarray) -> Estimate:
    drawn = drawn[~np.isnan(drawn)]
    if np.isnan(value) or not len(drawn):
        return Estimate(value, np.nan, np.nan)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Estimate(float(value), float(low), float(high))
