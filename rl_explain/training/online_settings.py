"""Settings that PPO, GRPO and RLOO share."""

from typing import ClassVar

from pydantic import NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from rl_explain.config.validation import settings
from rl_explain.errors import UserError


@settings()
class OnlineSettings:
    """Each iteration samples completions, scores them and updates on minibatches.

    Sizes are totals over all processes.
    """

    group: ClassVar[str]

    iterations: PositiveInt = 40
    """Rounds of sampling and updating."""
    rollout_batch_size: PositiveInt = 64
    """Prompts per iteration. Many prompts with few completions each train better than the
    reverse."""
    samples_per_prompt: PositiveInt = 4
    """Completions per prompt."""
    minibatch_size: PositiveInt = 32
    """Completions per optimiser step."""
    micro_batch_size: PositiveInt = 32
    """Completions per forward pass; smaller values save memory and do not change results."""
    generation_batch_size: PositiveInt = 64
    """Completions sampled at once."""
    learning_rate: PositiveFloat | None = None
    """Adam's learning rate for the adapter, constant; the base model's default when null."""
    clip_range: PositiveFloat = 0.2
    """Epsilon: the loss gains nothing when the probability ratio is further than this from 1."""
    kl_coef: NonNegativeFloat = 0.1
    """Penalty, in scaled reward, per nat of log-ratio to the reference; the initial value if
    adaptive."""
    missing_eos_penalty: NonNegativeFloat = 1.0
    """Reward subtracted from a completion that does not end within `max_new_tokens`."""
    temperature: PositiveFloat = 1.0
    """Divisor of the logits, in sampling and in all log-probabilities."""
    max_new_tokens: PositiveInt = 72
    """Maximum tokens per completion."""
    max_grad_norm: PositiveFloat = 1.0
    """Maximum gradient norm; longer gradients are scaled down to it."""
    eval_every: PositiveInt = 10
    """Iterations between validations."""
    save_every: PositiveInt = 10
    """Iterations between checkpoints."""
    samples_logged: NonNegativeInt = 4
    """Completions per iteration written to samples.jsonl."""

    def __post_init__(self) -> None:
        whole = self.completions_per_iteration
        self._check_divides("minibatch_size", whole, "completions of an iteration")
        self._check_divides("micro_batch_size", self.minibatch_size, "completions of a minibatch")

    @property
    def completions_per_iteration(self) -> int:
        """Completions per iteration."""
        return self.rollout_batch_size * self.samples_per_prompt

    @property
    def minibatches(self) -> int:
        """Optimiser steps per pass over an iteration's completions."""
        return self.completions_per_iteration // self.minibatch_size

    def out_of_range(self, name: str, value: float, wanted: str) -> UserError:
        """An error for a setting of this group."""
        return UserError(f"{self.group}.{name} is {value}: give {wanted}.")

    def _check_divides(self, name: str, whole: int, what: str) -> None:
        value = getattr(self, name)
        if whole % value:
            raise self.out_of_range(name, value, f"a divisor of the {whole} {what}")
