"""Executors of runs: this process, several processes on this machine, or a Ray cluster."""

import multiprocessing
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from io import TextIOBase
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType
from typing import Any, TextIO

from rl_explain.errors import UserError
from rl_explain.studies.plan import Planned
from rl_explain.studies.runs import Executor, Failures, Outcome
from rl_explain.studies.study import Study

Work = Callable[[Planned], Failures]
SECONDS_TO_END = 20
"""Time for an interrupted process to save its record before it is killed."""
QUEUED_ON_RAY = 10_000
"""Runs that may be submitted to a cluster at once; the cluster queues them."""


def executor_of(study: Study, work: Work) -> Executor:
    """The executor that a study configures.

    Args:
        work: performs a run; importable by name.

    Raises:
        UserError: the executor is Ray, which is not installed.
    """
    if study.executor == "ray":
        return OnRay(work, study.gpus)
    return InProcess(work) if study.processes == 1 else Processes(work, study.processes)


class InProcess:
    """Performs runs one after the other in this process."""

    room = 1

    def __init__(self, work: Work) -> None:
        self._work = work
        self._ended: list[Outcome] = []

    def start(self, run: Planned) -> None:
        """Perform the run."""
        self._ended.append(Outcome(run, self._work(run)))

    def wait(self) -> list[Outcome]:
        """The outcome of the run that was performed."""
        ended, self._ended = self._ended, []
        return ended

    def stop(self) -> None:
        """Does nothing: no run is active between calls."""


class Processes:
    """Performs each run in a new process, so that a killed run does not affect the others.

    Args:
        work: performs a run; importable by name.
        room: number of runs at once.
    """

    def __init__(self, work: Work, room: int) -> None:
        self.room = room
        self._work = work
        self._context = multiprocessing.get_context("spawn")
        self._running: dict[Connection, tuple[Planned, BaseProcess]] = {}

    def start(self, run: Planned) -> None:
        """Spawn a process for the run; its libraries use as many threads as the run."""
        answer, end = self._context.Pipe(duplex=False)
        process = self._context.Process(
            target=_perform_in_process, args=(self._work, run, end), name=run.name
        )
        threads = os.environ.get("OMP_NUM_THREADS")
        os.environ["OMP_NUM_THREADS"] = str(run.config.threads)
        try:
            process.start()
        finally:
            os.environ.pop("OMP_NUM_THREADS")
            os.environ |= {} if threads is None else {"OMP_NUM_THREADS": threads}
        end.close()
        self._running[answer] = (run, process)

    def wait(self) -> list[Outcome]:
        """Wait until a process has answered or died; without an answer its run has failed."""
        ready = wait(list(self._running))
        ended = [(answer, *self._running[answer]) for answer in self._running if answer in ready]
        for answer, _, _ in ended:
            del self._running[answer]
        return [Outcome(run, _failures(process, answer)) for answer, run, process in ended]

    def stop(self) -> None:
        """Interrupt running processes; kill those that do not exit in time."""
        processes = [process for _, process in self._running.values()]
        for process in processes:
            process.terminate()
        for process in processes:
            process.join(SECONDS_TO_END)
            process.kill()
        self._running.clear()


def _failures(process: BaseProcess, answer: Connection) -> Failures:
    try:
        failures: Failures = answer.recv()
    except EOFError:
        process.join()
        return {"": f"its process ended with exit status {process.exitcode}."}
    process.join()
    return failures


def _perform_in_process(work: Work, run: Planned, end: Connection) -> None:
    """Perform a run in its own process; only the parent handles Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _interrupt)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        end.send(_named(work, run))
    except KeyboardInterrupt:
        sys.exit(1)


def _end_with_parent() -> None:
    """Interrupt this process when its parent has ended, however it was killed.

    A restarted study must not find another process working in its folder.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Raise `KeyboardInterrupt`, so that the running stage records its seconds."""
    raise KeyboardInterrupt


def _named(work: Work, run: Planned) -> Failures:
    """Perform a run with its name before every printed line."""
    warnings.simplefilter("ignore", FutureWarning)  # like the command line
    lines: Any = NamedLines(run.name, sys.stdout)
    with redirect_stdout(lines), redirect_stderr(lines):
        return work(run)


class NamedLines(TextIOBase):
    """A text stream that writes whole lines, each prefixed with a name; not a terminal."""

    def __init__(self, name: str, stream: TextIO) -> None:
        self._name, self._stream = name, stream
        self._line = ""

    def write(self, text: str) -> int:
        """Write complete lines; for an overwritten line (carriage returns), its last state."""
        *lines, self._line = (self._line + text).split("\n")
        for line in lines:
            self._stream.write(f"{self._name}: {line.rpartition(chr(13))[2]}\n")
        if lines:
            self._stream.flush()
        return len(text)

    def flush(self) -> None:
        """Flush the underlying stream."""
        self._stream.flush()

    def isatty(self) -> bool:
        """False, so that progress is printed as plain lines."""
        return False


class OnRay:
    """Performs each run as a Ray task. Only this class imports the package `ray`.

    Args:
        work: performs a run; importable by name.
        gpus: GPUs per run.

    Raises:
        UserError: Ray is not installed.
    """

    room = QUEUED_ON_RAY

    def __init__(self, work: Work, gpus: float = 0.0) -> None:
        try:
            import ray
        except ImportError:
            raise UserError(
                "executor is 'ray', which is not installed: pip install 'rl_explain[ray]', or set "
                "executor=processes."
            ) from None
        self._ray = ray
        self._work = work
        self._gpus = gpus
        self._running: dict[Any, Planned] = {}
        ray.init(ignore_reinit_error=True)

    def start(self, run: Planned) -> None:
        """Submit the run to the cluster, with one CPU per thread."""
        options = {"num_cpus": run.config.threads, "num_gpus": self._gpus, "max_retries": 0}
        task = self._ray.remote(**options)(_perform_on_node)
        self._running[task.remote(self._work, run, str(Path.cwd()))] = run

    def wait(self) -> list[Outcome]:
        """Wait until a task has ended; a run that Ray lost has failed."""
        ended, _ = self._ray.wait(list(self._running), num_returns=1)
        return [Outcome(self._running.pop(task), self._answer(task)) for task in ended]

    def _answer(self, task: Any) -> Failures:
        try:
            failures: Failures = self._ray.get(task)
        except self._ray.exceptions.RayError as error:
            return {"": f"Ray: {error}"}
        return failures

    def stop(self) -> None:
        """Cancel running tasks and disconnect from the cluster."""
        for task in self._running:
            self._ray.cancel(task, force=True)
        self._ray.shutdown()


def _perform_on_node(work: Work, run: Planned, folder: str) -> Failures:
    """Perform a run in the working folder that relative paths refer to."""
    os.chdir(folder)
    return _named(work, run)
