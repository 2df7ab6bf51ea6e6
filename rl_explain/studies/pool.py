"""Pools the results of several seeds, with two-level intervals."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import numpy as np

from rl_explain.evaluation.results import Result, in_order
from rl_explain.evaluation.statistics import RESAMPLES, Measure, estimate

Seeds: TypeAlias = Mapping[int, Mapping[str, Result]]
"""Results of one data set, by seed and then by method."""


def pooled(results: Sequence[Result], resamples: int = RESAMPLES, seed: int = 0) -> Result:
    """Pool one method's results over seeds.

    Means are over all cases. Intervals are two-level (seeds, then users within them), or over users
    for one seed. Metrics that are not means over cases are averaged over seeds and get no interval.
    Samples are those of the first seed.
    """
    names = set.intersection(*(set(result.measures) for result in results))
    measures = {
        name: pooled_measure([result.measures[name] for result in results])
        for name in sorted(names)
    }
    metrics: dict[str, float | None] = {}
    for name, measure in measures.items():
        metrics |= estimate(measure, resamples, seed).flat(name)
    for name in results[0].metrics:
        if name.rpartition("/ci_")[0] not in names and name not in names:
            metrics[name] = None if name.endswith(("/ci_low", "/ci_high")) else _mean(results, name)
    method = results[0].method
    return Result(method, "", metrics, measures, results[0].samples)


def pooled_methods(
    seeds: Seeds, models: Iterable[str], resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, Result]:
    """Each method pooled over the seeds that have it, in the order of `in_order`."""
    methods = in_order({method for results in seeds.values() for method in results}, models)
    return {
        method: pooled([r[method] for r in seeds.values() if method in r], resamples, seed)
        for method in methods
    }


def incomplete(seeds: Seeds) -> dict[str, list[int]]:
    """The methods that some seeds lack, with the seeds that have them."""
    methods = dict.fromkeys(method for results in seeds.values() for method in results)
    having = {m: [seed for seed, results in seeds.items() if m in results] for m in methods}
    return {m: some for m, some in having.items() if len(some) < len(seeds)}


def pooled_measure(measures: Sequence[Measure]) -> Measure:
    """Concatenate the measures of several seeds, one measure per seed."""
    return Measure(
        np.concatenate([m.values for m in measures]),
        np.concatenate([m.users for m in measures]),
        np.repeat(np.arange(len(measures)), [len(m.values) for m in measures]),
    )


def _mean(results: Sequence[Result], name: str) -> float | None:
    values = [result.metrics.get(name) for result in results]
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
