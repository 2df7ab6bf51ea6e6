"""Settings of ORPO and DPO."""

from pydantic import PositiveFloat, PositiveInt

from rl_explain.config.validation import settings


@settings()
class PreferenceSettings:
    """Settings that ORPO and DPO share."""

    epochs: PositiveFloat = 2.0
    """Passes over the pairs."""
    batch_size: PositiveInt = 32
    """Pairs per step."""
    learning_rate: PositiveFloat | None = None
    """The base model's default when null."""
    beta: PositiveFloat = 0.1


@settings("training.orpo")
class ORPOSettings(PreferenceSettings):
    """Odds-ratio preference optimization (Hong et al. 2024)."""

    beta: PositiveFloat = 0.5
    """Weight of the odds-ratio term (lambda in the paper)."""


@settings("training.dpo")
class DPOSettings(PreferenceSettings):
    """Direct preference optimization (Rafailov et al. 2023)."""

    beta: PositiveFloat = 0.1
    """Strength of the KL constraint to the SFT model."""
