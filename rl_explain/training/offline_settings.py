"""Settings of the trainings on fixed data, and of the pairs that some of them learn from."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

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


@settings("training.pairs")
class PairsSettings:
    """Preference pairs: several samples a prompt, the best against a worse one."""

    prompts: PositiveInt = 800
    """Explanation prompts sampled from."""
    samples: Annotated[int, Field(ge=2)] = 6
    """Completions of each prompt."""
    temperature: PositiveFloat = 0.7
    margin: NonNegativeFloat = 0.2
    """Least difference in composite reward between chosen and rejected."""
    rejected: Literal["closest", "worst"] = "closest"
    """`closest`: of the samples that are bad enough the one most like the best; or `worst`."""
    constrained_decoding: bool = False
    """Whether samples quote nothing but titles of their prompts; needs a fast tokenizer."""


@settings("training.rejection")
class RejectionSettings(SFTSettings):
    """Supervised training on the best sample of each prompt of the pairs."""

    steps: PositiveInt = 50
    """Optimiser steps."""


@settings()
class PreferenceSettings:
    """What ORPO and DPO share."""

    epochs: PositiveFloat = 2.0
    """Passes over the pairs."""
    batch_size: PositiveInt = 32
    """Pairs a step."""
    learning_rate: PositiveFloat | None = None
    """Chosen by the base when null."""
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


@settings("training.judge")
class RewardModelSettings:
    """A judge that learns another one's preferences (`rl-explain judge-train`)."""

    teacher: Literal["rubric", "plausibility", "endpoint"] = "rubric"
    """Whose preferences it learns: any `judge.kind` but `learned` and `ensemble`; an endpoint is
    asked as `judge` says."""
    questions: PositiveInt = 400
    """Questions about training users; those that allow explanations of known quality are used."""
    pairs: PositiveInt = 4
    """Pairs of texts of each question that the teacher compares."""
    epochs: PositiveFloat = 2.0
    """Passes over the pairs."""
    batch_size: PositiveInt = 16
    """Pairs a step."""
    learning_rate: PositiveFloat | None = None
    """Chosen by the base when null."""
    tie: NonNegativeFloat = 0.2
    """Difference of scores, in log-odds, up to which two texts tie."""
