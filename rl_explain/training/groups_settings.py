"""Settings of GRPO and RLOO."""

from dataclasses import dataclass
from typing import ClassVar

from rl_explain.training.online_settings import OnlineSettings


@dataclass
class GRPOSettings(OnlineSettings):
    """Group-relative policy optimization: advantages in units of the group standard deviation."""

    group: ClassVar[str] = "training.grpo"


@dataclass
class RLOOSettings(OnlineSettings):
    """REINFORCE with the mean of the other completions of a prompt as its baseline."""

    group: ClassVar[str] = "training.rloo"
