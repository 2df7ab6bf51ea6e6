"""Settings of SFT, and of rejection sampling, which is SFT on the best samples."""

from pydantic import PositiveFloat, PositiveInt

from rl_explain.config.validation import Share, settings


@settings("training.sft")
class SFTSettings:
    """Supervised fine-tuning."""

    steps: PositiveInt = 100
    """Optimiser steps."""
    batch_size: PositiveInt = 32
    """Examples a step."""
    learning_rate: PositiveFloat | None = None
    """Chosen by the base when null."""
    warmup: Share = 0.1
    """Share of the steps in which the learning rate rises."""


@settings("training.rejection")
class RejectionSettings(SFTSettings):
    """Supervised training on the best sample of each prompt of the pairs."""

    steps: PositiveInt = 50
    """Optimiser steps."""
