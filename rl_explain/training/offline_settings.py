"""Settings of the trainings on fixed data, and of the pairs that some of them learn from."""

from dataclasses import dataclass
from typing import ClassVar

from rl_explain.config.checks import at_least, in_unit_interval, one_of, positive
from rl_explain.errors import UserError

TEACHERS = ("rubric", "plausibility", "endpoint")
"""Judges that a learned one can be distilled from."""


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
class PairsSettings:
    """Preference pairs: several samples a prompt, the best against a worse one."""

    prompts: int = 800
    """Explanation prompts sampled from."""
    samples: int = 6
    """Completions of each prompt."""
    temperature: float = 0.7
    margin: float = 0.2
    """Least difference in composite reward between chosen and rejected."""
    rejected: str = "closest"
    """`closest`: of the samples that are bad enough the one most like the best; or `worst`."""
    constrained_decoding: bool = False
    """Whether samples quote nothing but titles of their prompts; needs a fast tokenizer."""

    def __post_init__(self) -> None:
        one_of("training.pairs.rejected", self.rejected, ("closest", "worst"))
        positive(self, "training.pairs", "prompts", "samples", "temperature")
        at_least(self, "training.pairs", "samples", 2, "the best and the worst of which pair")
        if not self.margin >= 0:
            raise UserError(f"training.pairs.margin is {self.margin}: give 0 or more.")


@dataclass
class RejectionSettings(SFTSettings):
    """Supervised training on the best sample of each prompt of the pairs."""

    group: ClassVar[str] = "training.rejection"
    steps: int = 50
    """Optimiser steps."""


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


@dataclass
class RewardModelSettings:
    """A judge that learns another one's preferences (`rl-explain judge-train`)."""

    group: ClassVar[str] = "training.judge"

    teacher: str = "rubric"
    """Whose preferences it learns: any `judge.kind` but `learned` and `ensemble`; an endpoint is
    asked as `judge` says."""
    questions: int = 400
    """Questions about training users; those that allow explanations of known quality are used."""
    pairs: int = 4
    """Pairs of texts of each question that the teacher compares."""
    epochs: float = 2.0
    """Passes over the pairs."""
    batch_size: int = 16
    """Pairs a step."""
    learning_rate: float | None = None
    """Chosen by the base when null."""
    tie: float = 0.2
    """Difference of scores, in log-odds, up to which two texts tie."""

    def __post_init__(self) -> None:
        one_of("training.judge.teacher", self.teacher, TEACHERS)
        sizes = ("questions", "pairs", "epochs", "batch_size", "learning_rate")
        positive(self, self.group, *sizes)
        if not self.tie >= 0:
            raise UserError(f"training.judge.tie is {self.tie}: give 0 or more.")
