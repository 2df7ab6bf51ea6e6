"""Settings of SFT, and of rejection sampling, which is SFT on the best samples."""

from dataclasses import dataclass
from typing import ClassVar

from rl_explain.config.checks import in_unit_interval, positive


@dataclass
class SFTSettings:
    """Supervised fine-tuning."""

    group: ClassVar[str] = "training.sft"

    steps: int = 100
    """Optimiser steps."""
    batch_size: int = 32
    """Examples a step."""
    learning_rate: float | None = None
    """Chosen by the base when null."""
    warmup: float = 0.1
    """Share of the steps in which the learning rate rises."""

    def __post_init__(self) -> None:
        positive(self, self.group, "steps", "batch_size", "learning_rate")
        in_unit_interval(self, self.group, "warmup")


@dataclass
class RejectionSettings(SFTSettings):
    """Supervised training on the best sample of each prompt of the pairs."""

    group: ClassVar[str] = "training.rejection"
    steps: int = 50
    """Optimiser steps."""
