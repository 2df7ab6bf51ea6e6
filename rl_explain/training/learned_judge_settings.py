"""Settings of the learned judge."""

from dataclasses import dataclass
from typing import ClassVar

from rl_explain.config.checks import one_of, positive
from rl_explain.errors import UserError

TEACHERS = ("rubric", "plausibility", "endpoint")
"""Judges that a learned one can be distilled from."""


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
