"""Settings of PPO."""

from pydantic import NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from rl_explain.config.validation import UnitInterval, settings
from rl_explain.training.online_settings import OnlineSettings


@settings("training.ppo")
class PPOSettings(OnlineSettings):
    """Proximal policy optimization (Schulman et al. 2017) with a KL penalty to the SFT model."""

    prefix_baseline: bool = True
    """Whether a token is measured against the mean score of those completions of its prompt that
    begin alike. Needs several of a prompt."""
    group_scale: bool = True
    """Whether scores are divided by their standard deviation among the completions of a prompt.
    Needs several of a prompt."""
    citation_credit: bool = True
    """Whether what a citation brings to the total is credited to its tokens, by the recommender's
    own account of it, instead of being estimated from the completion's score."""
    constrained_decoding: bool = True
    """Whether completions quote nothing but titles of their prompts, in sampling and in every
    probability, as explanations do when they are generated; needs a fast tokenizer."""
    ppo_epochs: PositiveInt = 1
    """Passes of the update over an iteration's completions."""
    value_learning_rate: PositiveFloat = 1e-3
    """Step size of Adam for the value head, constant."""
    value_warmup_iterations: NonNegativeInt = 1
    """Iterations at the start that train the value head alone."""
    gamma: UnitInterval = 1.0
    """Discount of a reward for each token that it lies ahead, 0 to 1."""
    gae_lambda: UnitInterval = 1.0
    """Lambda of generalised advantage estimation, 0 (one-step) to 1 (Monte Carlo)."""
    whiten_advantages: bool = True
    """Whether an iteration's advantages are brought to mean 0 and variance 1."""
    value_clip_range: PositiveFloat | None = None
    """Distance, in reward, that a value may move in an iteration; no limit when null."""
    value_coef: NonNegativeFloat = 0.01
    """Weight of the value loss, whose gradient also moves the trunk that the policy shares."""
    entropy_coef: NonNegativeFloat = 0.0
    """Weight of the entropy bonus, in reward for each nat a token."""
    kl_target: PositiveFloat | None = None
    """KL, in nats a completion, that the coefficient adapts to; it stays fixed when null."""
    kl_horizon: PositiveFloat = 2000.0
    """Completions over which the adaptive coefficient moves; larger is slower."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.prefix_baseline or self.group_scale) and self.samples_per_prompt == 1:
            wanted = "2 or more with prefix_baseline or group_scale"
            raise self.out_of_range("samples_per_prompt", 1, wanted)
        if self.prefix_baseline and self.gamma != 1:
            raise self.out_of_range("gamma", self.gamma, "1 with prefix_baseline")

    @property
    def steps_per_iteration(self) -> int:
        """Optimiser steps of an iteration, over all its epochs."""
        return self.ppo_epochs * self.minibatches
