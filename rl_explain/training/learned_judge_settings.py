"""Settings of the learned judge."""

from typing import Literal

from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt

from rl_explain.config.validation import settings


@settings("training.judge")
class RewardModelSettings:
    """A judge that learns another judge's preferences (`rl-explain judge-train`)."""

    teacher: Literal["rubric", "plausibility", "endpoint"] = "rubric"
    """The judge to learn from: any `judge.kind` except `learned` and `ensemble`; an endpoint uses
    the settings in `judge`."""
    questions: PositiveInt = 400
    """Questions about training users; only those that allow explanations of known quality count."""
    pairs: PositiveInt = 4
    """Pairs of texts per question that the teacher compares."""
    epochs: PositiveFloat = 2.0
    """Passes over the pairs."""
    batch_size: PositiveInt = 16
    """Pairs per step."""
    learning_rate: PositiveFloat | None = None
    """The base model's default when null."""
    tie: NonNegativeFloat = 0.2
    """Largest score difference, in log-odds, at which two texts tie."""
