"""What every trainer of a run shares."""

import sys
from pathlib import Path
from typing import Any, TypeVar

from transformers import TrainingArguments

from rl_explain.training.offline_settings import PreferenceSettings, RewardModelSettings

ArgumentsT = TypeVar("ArgumentsT", bound=TrainingArguments)


def shared_arguments(
    folder: Path, batch_size: int, learning_rate: float | None, seed: int, device: str
) -> dict[str, Any]:
    """Keyword arguments of `TrainingArguments` that do not depend on the method.

    Raises:
        ValueError: no learning rate; only a whole configuration, which knows the base, chooses it.
    """
    if learning_rate is None:
        raise ValueError("learning_rate is None: give a number above 0.")
    return {
        "learning_rate": learning_rate,
        "output_dir": str(folder / "checkpoints"),
        "per_device_train_batch_size": batch_size,
        "seed": seed,
        "use_cpu": device == "cpu",
        "bf16": device != "cpu",
        "gradient_checkpointing": False,
        "report_to": "none",
        "disable_tqdm": not sys.stderr.isatty(),
        "dataloader_pin_memory": device != "cpu",
        "save_strategy": "steps",
        "save_total_limit": 1,
        "logging_steps": 10,
    }


def preference_arguments(
    settings: PreferenceSettings | RewardModelSettings,
    pairs: int,
    folder: Path,
    seed: int,
    device: str,
) -> dict[str, Any]:
    """Keyword arguments of a trainer on `pairs` preference pairs."""
    steps = max(1, round(settings.epochs * pairs / settings.batch_size))
    own = {
        "max_steps": steps,
        "warmup_steps": 0.1,
        "lr_scheduler_type": "cosine",
        "save_steps": max(1, steps // 4),
        "remove_unused_columns": False,
    }
    shared = shared_arguments(folder, settings.batch_size, settings.learning_rate, seed, device)
    return shared | own


def one_device(arguments: ArgumentsT) -> ArgumentsT:
    """Keep the trainer to one GPU of several, where it would copy the model to each by threads."""
    arguments._n_gpu = min(arguments.n_gpu, 1)
    return arguments


def last_checkpoint(folder: Path) -> str | None:
    """The newest whole checkpoint of an interrupted training in `folder`, if there is one."""
    # The trainer's state is written last: without it, the checkpoint itself was interrupted.
    whole = (folder / "checkpoints").glob("checkpoint-*/trainer_state.json")
    newest = max(whole, key=lambda path: int(path.parent.name.split("-")[1]), default=None)
    return str(newest.parent) if newest else None
