"""Combines the runs of one data set: seeds pooled, one row per method and variant."""

from collections.abc import Sequence
from dataclasses import dataclass

from rl_explain.evaluation.results import Result, in_order
from rl_explain.evaluation.rules import is_rule
from rl_explain.pipeline.table import method_rows
from rl_explain.report.folder import Log, RunFolder
from rl_explain.report.parts import Styles
from rl_explain.studies.pool import pooled


@dataclass(frozen=True)
class Training:
    """The log of one training."""

    method: str
    seed: int
    variant: str
    log: Log


@dataclass(frozen=True)
class Compared:
    """Results by table row, the training logs, and how each row is drawn.

    own: rows of runs that are not variants, pooled over seeds.
    variants: rows of variants, named `METHOD, VARIANT`, pooled over seeds.
    seeds: each row's results by seed.
    """

    own: dict[str, Result]
    variants: dict[str, Result]
    seeds: dict[str, dict[int, Result]]
    trainings: list[Training]
    styles: Styles

    @property
    def results(self) -> dict[str, Result]:
        """All rows, in the order of the tables."""
        every = self.own | self.variants
        return {name: every[name] for name in in_order(every, method_rows())}

    @property
    def models(self) -> dict[str, Result]:
        """The rows that are not rules (citation baselines)."""
        return {name: found for name, found in self.results.items() if not is_rule(name)}

    def beside(self, row: str, other: str) -> tuple[Result, Result] | None:
        """Two rows, each pooled over their common seeds; `None` if they share no seed."""
        common = sorted(self.seeds[row].keys() & self.seeds[other].keys())
        pair = (row, other) if common else ()
        found = [_pooled([self.seeds[name][seed] for seed in common]) for name in pair]
        return (found[0], found[1]) if found else None


def row_name(method: str, variant: str) -> str:
    """The row name of a method in a variant; the method's own name if `variant` is ""."""
    return f"{method}, {variant}" if variant else method


def compared(runs: Sequence[RunFolder]) -> Compared:
    """Combine the runs of one data set."""
    own, variants = _by_seed(runs, variant=False), _by_seed(runs, variant=True)
    trainings = list(_trainings(runs))
    rows = in_order(
        {*own, *variants, *(row_name(t.method, t.variant) for t in trainings)}, method_rows()
    )
    models, others = ([r for r in rows if is_rule(r) == rule] for rule in (False, True))
    styles = {row: i for i, row in enumerate(models)} | {r: -1 - i for i, r in enumerate(others)}
    pool = {name: _pooled(list(some.values())) for name, some in (own | variants).items()}
    return Compared(
        {name: pool[name] for name in own},
        {name: pool[name] for name in variants},
        own | variants,
        trainings,
        styles,
    )


def _pooled(results: Sequence[Result]) -> Result:
    return results[0] if len(results) == 1 else pooled(results)


def _by_seed(runs: Sequence[RunFolder], variant: bool) -> dict[str, dict[int, Result]]:
    """Each row's results, by seed."""
    found: dict[str, dict[int, Result]] = {}
    for run in runs:
        for method, result in run.results.items() if bool(run.variant) == variant else ():
            found.setdefault(row_name(method, run.variant), {})[run.seed] = result
    return found


def _trainings(runs: Sequence[RunFolder]) -> list[Training]:
    """Training logs of the methods, without logs that a variant copied from its seed's own run."""
    logs = {(run.seed, run.variant, stage): log for run in runs for stage, log in run.logs.items()}
    return [
        Training(stage, seed, variant, log)
        for (seed, variant, stage), log in logs.items()
        if stage != "recommender" and not (variant and logs.get((seed, "", stage)) == log)
    ]
