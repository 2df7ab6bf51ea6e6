"""Performs one run of a study; reuses finished stages, also those of the seed's own run."""

import shutil
import traceback
from pathlib import Path

from rl_explain.errors import UserError
from rl_explain.pipeline.lineage import finished
from rl_explain.pipeline.run import Run, run_stages
from rl_explain.pipeline.table import STAGES
from rl_explain.studies.plan import Planned
from rl_explain.studies.runs import Failures

SAMPLES = "samples"
"""A stage's folder of sampled texts and scores. File names identify what was sampled from, so any
run may reuse them."""
TRAINERS_OWN = shutil.ignore_patterns("checkpoints", "best")
"""Files that only an unfinished training reads."""


def perform_run(run: Planned) -> Failures:
    """Perform every stage of a run, except those that read a failed stage; return the failures."""
    try:
        _share(run)
        performed = Run(run.config)
        performed.check()  # report an error once, not in every stage
    except Exception as error:
        return {"": _message(error)}
    failures: Failures = {}
    for stage in run.stages:
        lost = [name for name in STAGES[stage].reads if name in failures]
        if lost:
            failures[stage] = f"it reads the stage {lost[0]}, which failed."
            continue
        try:
            run_stages(performed, [stage])
        except Exception as error:
            failures[stage] = _message(error)
    return failures


def _message(error: Exception) -> str:
    """The message of an error; prints the traceback unless it is a `UserError`."""
    if isinstance(error, UserError):
        return str(error)
    traceback.print_exc()
    return f"{type(error).__name__}: {error}"


def _share(run: Planned) -> None:
    """Copy shared stages and sampled texts from the seed's own run to a variant."""
    for stage in run.shared:
        if finished(run.own_folder, stage):
            _copy(run.own_folder / stage, run.folder / stage)
    if run.variant:
        for stage in (stage for stage in run.stages if stage not in run.shared):
            source = run.own_folder / stage / SAMPLES
            if source.is_dir():
                _copy(source, run.folder / stage / SAMPLES)


def _copy(source: Path, target: Path) -> None:
    """Copy a folder atomically, unless the target exists."""
    if target.exists():
        return
    unfinished = target.with_name(f"{target.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    shutil.copytree(source, unfinished, ignore=TRAINERS_OWN)
    unfinished.rename(target)
