"""Settings of GRPO and RLOO."""

from rl_explain.config.validation import settings
from rl_explain.training.online_settings import OnlineSettings


@settings("training.grpo")
class GRPOSettings(OnlineSettings):
    """Group-relative policy optimization: advantages in units of the group standard deviation."""


@settings("training.rloo")
class RLOOSettings(OnlineSettings):
    """REINFORCE with the mean of the other completions of a prompt as its baseline."""
