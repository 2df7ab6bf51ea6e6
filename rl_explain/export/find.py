"""Finds the trained adapters of a run or of all runs of a study."""

from dataclasses import dataclass
from pathlib import Path

from rl_explain.errors import UserError, unknown_name
from rl_explain.explainer.explainer import MANIFEST
from rl_explain.pipeline.lineage import finished
from rl_explain.pipeline.run import run_folders
from rl_explain.pipeline.table import trained_rows


@dataclass(frozen=True)
class Found:
    """A method of a run that can be exported."""

    run: Path
    method: str


def find_adapters(folder: Path, method: str | None = None) -> list[Found]:
    """Every finished adapter in `folder`, a run or a study (runs at any depth).

    Within a run, adapters are in order of preference, tuned methods first.

    Args:
        method: return only this method's adapters.

    Raises:
        UserError: `folder` has no run or no such adapter, or the method trains no adapter.
    """
    if method is not None and method not in trained_rows():
        raise unknown_name("method with an adapter", method, trained_rows())
    there = [
        Found(run, name)
        for run in run_folders(folder)
        for name in trained_rows()
        if _exportable(run, name)
    ]
    found = [adapter for adapter in there if method in (None, adapter.method)]
    if not found:
        names = ", ".join(dict.fromkeys(adapter.method for adapter in there)) or "none"
        raise UserError(
            f"{folder} has no finished adapter of {method or 'any method'} (available: {names}): "
            "run the stage first."
        )
    return found


def _exportable(run: Path, method: str) -> bool:
    return finished(run, method) and (run / method / "adapter" / MANIFEST).is_file()
