"""Performs the runs of a study, each after the runs that it needs."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from rl_explain.pipeline.lineage import finished
from rl_explain.studies.plan import Planned

Failures = dict[str, str]
"""Error messages by stage; the stage is "" if the whole run failed."""


@dataclass(frozen=True)
class Outcome:
    """A run that has ended, and its failures."""

    run: Planned
    failures: Failures

    @property
    def evaluated(self) -> bool:
        """Whether the run has valid results."""
        through = finished(self.run.folder, "evaluate")
        return through and not {"", "evaluate"} & set(self.failures)


class Executor(Protocol):
    """Performs runs."""

    room: int
    """Number of runs that can be active at once."""

    def start(self, run: Planned) -> None:
        """Start a run; there must be room."""

    def wait(self) -> list[Outcome]:
        """Wait until at least one run has ended; return the outcomes of ended runs."""
        ...

    def stop(self) -> None:
        """Stop the runs that are still active."""


def perform(runs: Iterable[Planned], executor: Executor) -> list[Outcome]:
    """Perform runs, each after the runs that it needs; return outcomes in the given order.

    Failures are printed, and the other runs continue.
    """
    waiting = list(runs)
    order, total = [run.name for run in waiting], len(waiting)
    ended: dict[str, Outcome] = {}
    running = 0
    try:
        while waiting or running:
            ready = [run for run in waiting if all(n in ended for n in run.needs if n in order)]
            for run in ready[: executor.room - running]:
                waiting.remove(run)
                print(f"== {run.name} ({total - len(waiting)} of {total})", flush=True)
                executor.start(run)
                running += 1
            for outcome in executor.wait():
                ended[outcome.run.name] = outcome
                running -= 1
                _print_outcome(outcome)
    finally:
        executor.stop()
    return [ended[name] for name in order]


def existing(runs: Iterable[Planned]) -> list[Outcome]:
    """Outcomes of the runs that are already evaluated; performs nothing."""
    outcomes = [Outcome(run, {}) for run in runs]
    return [outcome for outcome in outcomes if outcome.evaluated]


def _print_outcome(outcome: Outcome) -> None:
    name = outcome.run.name
    for stage, error in outcome.failures.items():
        print(f"== {name} failed{' in ' if stage else ''}{stage}: {error}", flush=True)
    if not outcome.failures:
        print(f"== {name} finished", flush=True)
