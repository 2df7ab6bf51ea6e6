"""Settings of the learned judge."""

from typing import Literal

from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt

from rl_explain.config.validation import settings


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
