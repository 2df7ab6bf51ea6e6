"""Differences between two methods in a metric, with interval, effect size and p-value."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from rl_explain.evaluation.results import Result
from rl_explain.evaluation.statistics import (
    RESAMPLES,
    ByUser,
    Estimate,
    Measure,
    difference,
    direction,
    estimate,
    overlap,
)
from rl_explain.studies.pool import Seeds, pooled_measure
from rl_explain.studies.significance import PERMUTATIONS, effect_size, holm, permutation_test

Pair = tuple[str, str, str]
"""Metric, method, and the method it is compared with."""


@dataclass(frozen=True)
class Difference:
    """A method's mean of a metric minus another method's, over their common users.

    Methods differ in users only if a control is evaluated by another recommender, which has no
    label for some cases.

    against: the other method.
    users: number of users, over all seeds.
    pooled: over all `seeds`, with a 95 % interval: two-level, or over users for one seed.
    by_seed: each seed's difference, with an interval over users.
    intervals: whether the two methods' own intervals `overlap` or are `separate`.
    effect: pooled `effect_size`.
    p: pooled p-value of `permutation_test`.
    p_holm: `p`, Holm-adjusted for its family of tests.
    """

    metric: str
    method: str
    against: str
    seeds: tuple[int, ...]
    users: int
    pooled: Estimate
    by_seed: tuple[Estimate, ...]
    intervals: str
    effect: float
    p: float
    p_holm: float = np.nan

    @property
    def direction(self) -> str:
        """`above`, `below` or `-`: `statistics.direction` of the pooled difference."""
        return direction(self.pooled, self.by_seed)

    def rows(self) -> list[dict[str, Any]]:
        """Flat rows: one pooled and one per seed; the column `seed` tells which."""
        named = {"metric": self.metric, "method": self.method, "against": self.against}
        test = {
            "direction": self.direction,
            "intervals": self.intervals,
            "users": self.users,
            "effect": self.effect,
            "p": self.p,
            "p_holm": self.p_holm,
        }
        first = {**named, "seed": "pooled", **_flat(self.pooled), **test}
        alone = zip(self.seeds, self.by_seed, strict=True)
        return [first, *({**named, "seed": seed, **_flat(found)} for seed, found in alone)]


def family(
    seeds: Seeds,
    pairs: Iterable[Pair],
    resamples: int = RESAMPLES,
    permutations: int = PERMUTATIONS,
) -> list[Difference]:
    """The differences of all pairs, Holm-adjusted as one family of tests.

    A pair uses the seeds that have both methods. It is skipped if no seed has both or if its
    metric is not a mean over cases.
    """
    found = [_difference(seeds, pair, resamples, permutations) for pair in pairs]
    taken = [difference for difference in found if difference is not None]
    adjusted = holm([difference.p for difference in taken])
    return [replace(d, p_holm=p) for d, p in zip(taken, adjusted, strict=True)]


def _difference(seeds: Seeds, pair: Pair, resamples: int, permutations: int) -> Difference | None:
    metric, method, against = pair
    both = {
        seed: (_measure(results[method], metric), _measure(results[against], metric))
        for seed, results in seeds.items()
        if method in results and against in results
    }
    measures = {
        s: of_common_users(a, b) for s, (a, b) in both.items() if a is not None and b is not None
    }
    if not measures:
        return None
    sides = (pooled_measure([pair[i] for pair in measures.values()]) for i in (0, 1))
    a, b = sides
    total = difference(a, b, resamples)
    if np.isnan(total.value):
        return None
    return Difference(
        metric,
        method,
        against,
        tuple(measures),
        ByUser.of(a).keys.shape[1],
        total,
        tuple(difference(*alone, resamples) for alone in measures.values()),
        overlap(estimate(a, resamples), estimate(b, resamples)),
        effect_size(a, b),
        permutation_test(a, b, permutations),
    )


def of_common_users(a: Measure, b: Measure) -> tuple[Measure, Measure]:
    """Both measures, of the users that both have."""
    common = np.intersect1d(a.users, b.users)
    return a.where(np.isin(a.users, common)), b.where(np.isin(b.users, common))


def _measure(result: Result, metric: str) -> Measure | None:
    return result.measures.get(metric)


def _flat(estimate: Estimate) -> dict[str, float]:
    names = {"value": "difference", "low": "ci_low", "high": "ci_high"}
    return {names[key]: value for key, value in asdict(estimate).items()}


def show_p(p: float) -> str:
    """A p-value as `0.034` or `<0.001`; a dash for NaN."""
    return "–" if np.isnan(p) else "<0.001" if p < 0.001 else f"{p:.3f}"


def show_seeds(values: Sequence[Estimate]) -> str:
    """The difference in each seed: `+0.21 / +0.25`."""
    return " / ".join(f"{estimate.value:+.2f}" for estimate in values)


def show_change(found: Difference, alpha: float = 0.05) -> str:
    """`+0.10 [+0.05, +0.15]*`; the star means that the adjusted p-value is below `alpha`."""
    value, low, high = found.pooled.value, found.pooled.low, found.pooled.high
    return f"{value:+.2f} [{low:+.2f}, {high:+.2f}]{'*' if found.p_holm < alpha else ''}"
