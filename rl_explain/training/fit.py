"""Runs a trainer: from its newest checkpoint, saying how far it is."""

from pathlib import Path

from transformers import PrinterCallback, Trainer
from transformers.trainer_utils import TrainOutput

from rl_explain.progress import bar
from rl_explain.training.progress import TrainingProgress


def fit(trainer: Trainer, folder: Path, steps: int = 1) -> TrainOutput:
    """Train; resume where an earlier call on the same folder was interrupted.

    Args:
        folder: of the stage, whose name opens every line.
        steps: optimiser steps of an iteration; 1 for trainings that count steps.
    """
    trainer.remove_callback(PrinterCallback)
    with bar() as shown:
        trainer.add_callback(TrainingProgress(folder.name, steps, shown))
        return trainer.train(resume_from_checkpoint=last_checkpoint(folder))


def last_checkpoint(folder: Path) -> str | None:
    """The newest whole checkpoint of an interrupted training in `folder`, if there is one."""
    # The trainer's state is written last: without it, the checkpoint itself was interrupted.
    whole = (folder / "checkpoints").glob("checkpoint-*/trainer_state.json")
    newest = max(whole, key=lambda path: int(path.parent.name.split("-")[1]), default=None)
    return str(newest.parent) if newest else None
