"""One run of a study: what is finished is kept, and taken over from the run of its seed."""

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
"""Folder of a stage with sampled texts and their scores; it names what they were sampled from, so
it may be given to any run."""
TRAINERS_OWN = shutil.ignore_patterns("checkpoints", "best")
"""What only an unfinished training reads."""


def perform_run(run: Planned) -> Failures:
    """Every stage of a run that none of its failed stages is read by; what failed."""
    try:
        _share(run)
        performed = Run(run.config)
        performed.check()  # told once, not by every stage
    except Exception as error:
        return {"": _told(error)}
    failures: Failures = {}
    for stage in run.stages:
        lost = [name for name in STAGES[stage].reads if name in failures]
        if lost:
            failures[stage] = f"it reads the stage {lost[0]}, which failed."
            continue
        try:
            run_stages(performed, [stage])
        except Exception as error:
            failures[stage] = _told(error)
    return failures


def _told(error: Exception) -> str:
    """The message of an error; what is no user's mistake is printed with its traceback."""
    if isinstance(error, UserError):
        return str(error)
    traceback.print_exc()
    return f"{type(error).__name__}: {error}"


def _share(run: Planned) -> None:
    """Copy what a variant takes over from the run of its seed: stages, and sampled texts."""
    for stage in run.shared:
        if finished(run.own_folder, stage):
            _copy(run.own_folder / stage, run.folder / stage)
    if run.variant:
        for stage in (stage for stage in run.stages if stage not in run.shared):
            source = run.own_folder / stage / SAMPLES
            if source.is_dir():
                _copy(source, run.folder / stage / SAMPLES)


def _copy(source: Path, target: Path) -> None:
    """Copy a folder whole, or not at all, unless it is there."""
    if target.exists():
        return
    unfinished = target.with_name(f"{target.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    shutil.copytree(source, unfinished, ignore=TRAINERS_OWN)
    unfinished.rename(target)
