"""Settings of SFT and of rejection sampling, which is SFT on the best samples."""

from pydantic import PositiveFloat, PositiveInt

from rl_explain.config.validation import Share, settings


@settings("training.sft")
class SFTSettings:
    """Supervised fine-tuning."""

    steps: PositiveInt = 100
    """Optimiser steps."""
    batch_size: PositiveInt = 32
    """Examples per step."""
    learning_rate: PositiveFloat | None = None
    """The base model's default when null."""
    warmup: Share = 0.1
    """Share of the steps during which the learning rate rises."""


@settings("training.rejection")
class RejectionSettings(SFTSettings):
    """SFT on the best sample of each prompt that the stage `pairs` sampled."""

    steps: PositiveInt = 50
    """Optimiser steps."""
