"""Runs a trainer from its newest checkpoint and reports progress."""

from pathlib import Path

from transformers import PrinterCallback, Trainer
from transformers.trainer_utils import TrainOutput

from rl_explain.progress import bar
from rl_explain.training.progress import TrainingProgress


def fit(trainer: Trainer, folder: Path, steps: int = 1) -> TrainOutput:
    """Train; resume if an earlier call on the same folder was interrupted.

    Args:
        folder: the stage's folder; its name starts every progress line.
        steps: optimiser steps per iteration; 1 for trainings that count steps.
    """
    trainer.remove_callback(PrinterCallback)
    with bar() as shown:
        trainer.add_callback(TrainingProgress(folder.name, steps, shown))
        return trainer.train(resume_from_checkpoint=last_checkpoint(folder))


def last_checkpoint(folder: Path) -> str | None:
    """The newest complete checkpoint of an interrupted training in `folder`, or `None`."""
    # The trainer writes its state last, so a checkpoint without it is incomplete.
    complete = (folder / "checkpoints").glob("checkpoint-*/trainer_state.json")
    newest = max(complete, key=lambda path: int(path.parent.name.split("-")[1]), default=None)
    return str(newest.parent) if newest else None
