"""Settings of PPO."""

from pydantic import NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from rl_explain.config.validation import UnitInterval, settings
from rl_explain.training.online_settings import OnlineSettings


@settings("training.ppo")
class PPOSettings(OnlineSettings):
    """Proximal policy optimization (Schulman et al. 2017) with a KL penalty to the SFT model."""

    prefix_baseline: bool = True
    """Whether the baseline of a token is the mean score of its prompt's completions with the same
    prefix. Needs several completions per prompt."""
    group_scale: bool = True
    """Whether scores are divided by their standard deviation over the completions of a prompt.
    Needs several completions per prompt."""
    citation_credit: bool = True
    """Whether a citation's contribution to the total, computed by the recommender, is credited to
    its tokens instead of being estimated from the completion's score."""
    constrained_decoding: bool = True
    """Whether completions can quote only titles of their prompts, in sampling and in all
    log-probabilities, as in the generation of explanations; needs a fast tokenizer."""
    ppo_epochs: PositiveInt = 1
    """Update passes over an iteration's completions."""
    value_learning_rate: PositiveFloat = 1e-3
    """Adam's learning rate for the value head, constant."""
    value_warmup_iterations: NonNegativeInt = 1
    """Iterations at the start that train only the value head."""
    gamma: UnitInterval = 1.0
    """Discount of a reward per token that it lies ahead, 0 to 1."""
    gae_lambda: UnitInterval = 1.0
    """Lambda of generalised advantage estimation, 0 (one-step) to 1 (Monte Carlo)."""
    whiten_advantages: bool = True
    """Whether an iteration's advantages are scaled to mean 0 and variance 1."""
    value_clip_range: PositiveFloat | None = None
    """Maximum change of a value per iteration, in units of reward; no limit when null."""
    value_coef: NonNegativeFloat = 0.01
    """Weight of the value loss, whose gradient also updates the trunk shared with the policy."""
    entropy_coef: NonNegativeFloat = 0.0
    """Weight of the entropy bonus, in reward per nat per token."""
    kl_target: PositiveFloat | None = None
    """Target KL of the adaptive coefficient, in nats per completion; it is fixed when null."""
    kl_horizon: PositiveFloat = 2000.0
    """Completions over which the coefficient adapts; larger is slower."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.prefix_baseline or self.group_scale) and self.samples_per_prompt == 1:
            wanted = "2 or more with prefix_baseline or group_scale"
            raise self.out_of_range("samples_per_prompt", 1, wanted)
        if self.prefix_baseline and self.gamma != 1:
            raise self.out_of_range("gamma", self.gamma, "1 with prefix_baseline")

    @property
    def steps_per_iteration(self) -> int:
        """Optimiser steps per iteration, over all its epochs."""
        return self.ppo_epochs * self.minibatches
