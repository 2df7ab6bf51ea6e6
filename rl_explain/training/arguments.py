"""Keyword arguments that the trainers of a run share."""

from pathlib import Path
from typing import Any

from rl_explain.training.learned_judge_settings import RewardModelSettings
from rl_explain.training.preference_settings import PreferenceSettings


def shared_arguments(
    folder: Path, batch_size: int, learning_rate: float | None, seed: int, device: str
) -> dict[str, Any]:
    """Keyword arguments of `TrainingArguments` that do not depend on the method.

    Raises:
        ValueError: `learning_rate` is `None`; only a full configuration, which knows the base,
            fills in a default.
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
        "disable_tqdm": True,  # `TrainingProgress` reports it
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
