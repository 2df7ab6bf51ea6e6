"""Progress of long jobs on stderr: a bar on a terminal, plain lines elsewhere."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

SECONDS_BETWEEN_LINES = 20.0

_console = Console(stderr=True)
RowT = TypeVar("RowT")


def say(line: str) -> None:
    """Print a line immediately, above the bar if there is one."""
    _console.print(line, markup=False, highlight=False, soft_wrap=True)


def bar() -> Progress:
    """A bar that disappears when its context ends; disabled if stderr is not a terminal."""
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=_console,
        transient=True,
        redirect_stdout=False,  # results on stdout may go to a file
        disable=not _console.is_terminal,
    )


def track(
    rows: Sequence[RowT], description: str, size: Callable[[RowT], int] = lambda row: 1
) -> Iterator[RowT]:
    """Iterate over `rows` with a progress bar; without a terminal, print a line every 20 seconds.

    Args:
        size: how many units a row counts for, one by default.
    """
    total, done = sum(map(size, rows)), 0
    started = said = time.monotonic()
    with bar() as shown:
        task = shown.add_task(description, total=total)
        for row in rows:
            yield row
            done += size(row)
            shown.advance(task, size(row))
            now = time.monotonic()
            if shown.disable and done < total and now - said >= SECONDS_BETWEEN_LINES:
                said = now
                say(f"{description} {done}/{total}  {times(now - started, done, total)}")


def times(seconds: float, done: int, total: int) -> str:
    """Elapsed time, and the estimated time left at the same pace."""
    return f"{duration(seconds)}  left {duration(seconds / done * (total - done))}"


def duration(seconds: float) -> str:
    """Seconds below two minutes, minutes below two hours, else hours."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
