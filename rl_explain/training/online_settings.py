"""Settings that PPO, GRPO and RLOO share."""

from typing import ClassVar

from pydantic import NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from rl_explain.config.validation import settings
from rl_explain.errors import UserError


@settings()
class OnlineSettings:
    """An iteration samples completions of some prompts, scores them and updates on minibatches.

    Sizes count all processes together.
    """

    group: ClassVar[str]

    iterations: PositiveInt = 40
    """Rounds of sampling and updating."""
    rollout_batch_size: PositiveInt = 64
    """Prompts of an iteration. Many prompts of few completions teach more than few of many."""
    samples_per_prompt: PositiveInt = 4
    """Completions of each prompt."""
    minibatch_size: PositiveInt = 32
    """Completions of an optimiser step."""
    micro_batch_size: PositiveInt = 32
    """Completions that pass through the model at once; smaller saves memory, changes no result."""
    generation_batch_size: PositiveInt = 64
    """Completions that are sampled at once."""
    learning_rate: PositiveFloat | None = None
    """Step size of Adam for the adapter, constant; chosen by the base when null."""
    clip_range: PositiveFloat = 0.2
    """Distance from 1 beyond which the probability ratio gains nothing (epsilon)."""
    kl_coef: NonNegativeFloat = 0.1
    """Penalty, in scaled reward, for each nat of log-ratio to the reference; where it starts,
    if adaptive."""
    missing_eos_penalty: NonNegativeFloat = 1.0
    """Reward taken from a completion that does not end within `max_new_tokens`."""
    temperature: PositiveFloat = 1.0
    """Divisor of the logits, in sampling and in every log-probability."""
    max_new_tokens: PositiveInt = 72
    """Tokens of a completion at most."""
    max_grad_norm: PositiveFloat = 1.0
    """Length that a gradient is cut to."""
    eval_every: PositiveInt = 10
    """Iterations between evaluations on the validation prompts."""
    save_every: PositiveInt = 10
    """Iterations between checkpoints."""
    samples_logged: NonNegativeInt = 4
    """Completions of each iteration that are written to samples.jsonl."""

    def __post_init__(self) -> None:
        whole = self.completions_per_iteration
        self._check_divides("minibatch_size", whole, "completions of an iteration")
        self._check_divides("micro_batch_size", self.minibatch_size, "completions of a minibatch")

    @property
    def completions_per_iteration(self) -> int:
        """Completions of an iteration."""
        return self.rollout_batch_size * self.samples_per_prompt

    @property
    def minibatches(self) -> int:
        """Optimiser steps of one pass over an iteration's completions."""
        return self.completions_per_iteration // self.minibatch_size

    def out_of_range(self, name: str, value: float, wanted: str) -> UserError:
        """An error for a setting of this group."""
        return UserError(f"{self.group}.{name} is {value}: give {wanted}.")

    def _check_divides(self, name: str, whole: int, what: str) -> None:
        value = getattr(self, name)
        if whole % value:
            raise self.out_of_range(name, value, f"a divisor of the {whole} {what}")
