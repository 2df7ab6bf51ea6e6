"""Settings of PPO."""

from dataclasses import dataclass, fields

from rl_explain.errors import UserError

POSITIVE = (
    "iterations",
    "rollout_batch_size",
    "samples_per_prompt",
    "ppo_epochs",
    "minibatch_size",
    "micro_batch_size",
    "generation_batch_size",
    "learning_rate",
    "value_learning_rate",
    "clip_range",
    "value_clip_range",
    "kl_target",
    "kl_horizon",
    "temperature",
    "max_new_tokens",
    "max_grad_norm",
    "eval_every",
    "save_every",
)
NOT_NEGATIVE = (
    "value_coef",
    "entropy_coef",
    "kl_coef",
    "missing_eos_penalty",
    "value_warmup_iterations",
    "samples_logged",
)
SHARES = ("gamma", "gae_lambda")


@dataclass
class PPOConfig:
    """Proximal policy optimization (Schulman et al. 2017) with a KL penalty to the SFT model.

    An iteration samples some completions, episodes, of each of its prompts, scores all, and then
    updates on minibatches of them. Sizes count all processes together.
    """

    iterations: int = 40
    """Rounds of sampling and updating."""
    rollout_batch_size: int = 32
    """Prompts of an iteration."""
    samples_per_prompt: int = 8
    """Completions of each prompt."""
    sibling_baseline: bool = True
    """Whether a token is measured against the mean score of those completions of its prompt that
    begin alike. Needs several of a prompt."""
    sibling_scale: bool = True
    """Whether scores are divided by their standard deviation among the completions of a prompt.
    Needs several of a prompt."""
    ppo_epochs: int = 1
    """Passes of the update over an iteration's completions."""
    minibatch_size: int = 32
    """Completions of an optimiser step."""
    micro_batch_size: int = 32
    """Completions that pass through the model at once; smaller saves memory, changes no result."""
    generation_batch_size: int = 64
    """Completions that are sampled at once."""
    learning_rate: float | None = None
    """Step size of Adam for the adapter, constant; chosen by the base when null."""
    value_learning_rate: float = 1e-3
    """Step size of Adam for the value head, constant."""
    value_warmup_iterations: int = 1
    """Iterations at the start that train the value head alone."""
    gamma: float = 1.0
    """Discount of a reward for each token that it lies ahead, 0 to 1."""
    gae_lambda: float = 1.0
    """Lambda of generalised advantage estimation, 0 (one-step) to 1 (Monte Carlo)."""
    whiten_advantages: bool = True
    """Whether an iteration's advantages are brought to mean 0 and variance 1."""
    clip_range: float = 0.2
    """Distance from 1 beyond which the probability ratio gains nothing (epsilon)."""
    value_clip_range: float | None = None
    """Distance, in reward, that a value may move in an iteration; no limit when null."""
    value_coef: float = 0.01
    """Weight of the value loss, whose gradient also moves the trunk that the policy shares."""
    entropy_coef: float = 0.0
    """Weight of the entropy bonus, in reward for each nat a token."""
    kl_coef: float = 0.1
    """Penalty, in scaled reward, for each nat of log-ratio to the reference; where it starts,
    if adaptive."""
    kl_target: float | None = None
    """KL, in nats a completion, that the coefficient adapts to; it stays fixed when null."""
    kl_horizon: float = 2000.0
    """Completions over which the adaptive coefficient moves; larger is slower."""
    missing_eos_penalty: float = 1.0
    """Reward taken from a completion that does not end within `max_new_tokens`."""
    temperature: float = 1.0
    """Divisor of the logits, in sampling and in every log-probability."""
    max_new_tokens: int = 72
    """Tokens of a completion at most."""
    max_grad_norm: float = 1.0
    """Length that a gradient is cut to."""
    eval_every: int = 10
    """Iterations between evaluations on the validation prompts."""
    save_every: int = 10
    """Iterations between checkpoints."""
    samples_logged: int = 4
    """Completions of each iteration that are written to samples.jsonl."""

    def __post_init__(self) -> None:
        for field in fields(self):
            self._check_range(field.name)
        if (self.sibling_baseline or self.sibling_scale) and self.samples_per_prompt == 1:
            wanted = "2 or more with sibling_baseline or sibling_scale"
            raise _out_of_range("samples_per_prompt", 1, wanted)
        if self.sibling_baseline and self.gamma != 1:
            raise _out_of_range("gamma", self.gamma, "1 with sibling_baseline")
        self._check_divides("minibatch_size", self.episodes, "completions of an iteration")
        self._check_divides("micro_batch_size", self.minibatch_size, "completions of a minibatch")

    @property
    def episodes(self) -> int:
        """Completions of an iteration."""
        return self.rollout_batch_size * self.samples_per_prompt

    @property
    def minibatches(self) -> int:
        """Optimiser steps of one pass over an iteration's completions."""
        return self.episodes // self.minibatch_size

    def _check_range(self, name: str) -> None:
        value = getattr(self, name)
        if value is None:
            return
        if name in POSITIVE and value <= 0:
            raise _out_of_range(name, value, "a number above 0")
        if name in NOT_NEGATIVE and value < 0:
            raise _out_of_range(name, value, "0 or more")
        if name in SHARES and not 0 <= value <= 1:
            raise _out_of_range(name, value, "a number from 0 to 1")

    def _check_divides(self, name: str, whole: int, what: str) -> None:
        if whole % getattr(self, name):
            raise _out_of_range(name, getattr(self, name), f"a divisor of the {whole} {what}")


def _out_of_range(name: str, value: float, wanted: str) -> UserError:
    return UserError(f"training.ppo.{name} is {value}: give {wanted}.")
