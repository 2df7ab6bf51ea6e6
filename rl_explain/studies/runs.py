"""The runs of a study, each performed when those that it needs have ended."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from rl_explain.pipeline.lineage import finished
from rl_explain.studies.plan import Planned

Failures = dict[str, str]
"""Stage of a run to what went wrong; the stage is "" where the whole run did."""


@dataclass(frozen=True)
class Outcome:
    """A run that has ended, and its stages that failed."""

    run: Planned
    failures: Failures

    @property
    def evaluated(self) -> bool:
        """Whether the run left results that hold."""
        through = finished(self.run.folder, "evaluate")
        return through and not {"", "evaluate"} & set(self.failures)


class Executor(Protocol):
    """Where runs are performed."""

    room: int
    """Runs that can be started at once."""

    def start(self, run: Planned) -> None:
        """Begin a run; there must be room."""

    def wait(self) -> list[Outcome]:
        """Wait until a run has ended; those that have."""
        ...

    def stop(self) -> None:
        """End what is still running."""


def perform(runs: Iterable[Planned], executor: Executor) -> list[Outcome]:
    """Perform runs, each when those that it needs have ended; in the order given.

    A run that fails, wholly or in a stage, is told, and the others go on.
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
                _tell(outcome)
    finally:
        executor.stop()
    return [ended[name] for name in order]


def existing(runs: Iterable[Planned]) -> list[Outcome]:
    """The runs whose evaluation is there, as they are; nothing is performed."""
    outcomes = [Outcome(run, {}) for run in runs]
    return [outcome for outcome in outcomes if outcome.evaluated]


def _tell(outcome: Outcome) -> None:
    name = outcome.run.name
    for stage, error in outcome.failures.items():
        print(f"== {name} failed{' in ' if stage else ''}{stage}: {error}", flush=True)
    if not outcome.failures:
        print(f"== {name} finished", flush=True)
