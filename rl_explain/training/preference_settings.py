"""Settings of ORPO and DPO."""

from dataclasses import dataclass
from typing import ClassVar

from rl_explain.config.checks import positive


@dataclass
class PreferenceSettings:
    """What ORPO and DPO share."""

    group: ClassVar[str]
    """Name of the configuration group, for errors."""

    epochs: float = 2.0
    """Passes over the pairs."""
    batch_size: int = 32
    """Pairs a step."""
    learning_rate: float | None = None
    """Chosen by the base when null."""
    beta: float = 0.1

    def __post_init__(self) -> None:
        positive(self, self.group, "epochs", "batch_size", "learning_rate", "beta")


@dataclass
class ORPOSettings(PreferenceSettings):
    """Odds-ratio preference optimization (Hong et al. 2024)."""

    group: ClassVar[str] = "training.orpo"
    beta: float = 0.5
    """Weight of the odds-ratio term (lambda in the paper)."""


@dataclass
class DPOSettings(PreferenceSettings):
    """Direct preference optimization (Rafailov et al. 2023)."""

    group: ClassVar[str] = "training.dpo"
    beta: float = 0.1
    """Strength of the KL constraint to the SFT model."""
