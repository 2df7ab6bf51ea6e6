"""Optional parts of a reward that trainers use.

Any callable that returns a number, `None` or `FAILED` for each completion works as a reward for
every trainer. A trainer also uses each of the `OptionalParts` that a reward has;
`reward_models.composite.Composite` has them all.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer_callback import ExportableState

from reward_models.composite import CompositeResult
from reward_models.credit import Credit
from reward_models.types import Score

RewardFunction = Callable[..., CompositeResult | Sequence[Score]]
"""`reward_fn(completions, **columns)`: totals alone, or totals and terms."""
MEMORY = "memory"


class OptionalParts(Protocol):
    """None of these is required."""

    progress: float
    """Set by the trainer: the share of training done, 0 to 1."""

    def credits(
        self, completions: Sequence[str], result: CompositeResult, **columns: Any
    ) -> list[list[Credit]]:
        """What parts of each completion contributed to its total; PPO credits their tokens."""
        ...

    def final_reward(self) -> RewardFunction:
        """The reward for validation, if the reward changes during training."""
        ...

    def state(self) -> Mapping[str, Any]:
        """The reward's state for checkpoints, in values that JSON stores without loss."""
        ...

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Continue from what `state` returned; an empty mapping at the start of a training."""
        ...


def optional(reward_fn: RewardFunction, part: str) -> Any:
    """A part of `OptionalParts`, or `None` if the reward does not have it."""
    return getattr(reward_fn, part, None)


def final_reward(reward_fn: RewardFunction) -> RewardFunction:
    """The reward that makes weights from different iterations comparable."""
    final = optional(reward_fn, "final_reward")
    return final() if final else reward_fn


class RewardState(TrainerCallback, ExportableState):
    """Tells a reward the share of training done, and saves its state in checkpoints.

    The trainer writes the state to `trainer_state.json`.
    """

    def __init__(self, reward_fn: RewardFunction) -> None:
        self._reward_fn: Any = reward_fn

    def state(self) -> dict[str, Any]:
        """The state that the trainer saves."""
        own = optional(self._reward_fn, "state")
        return {"args": {}, "attributes": {MEMORY: own() if own else {}}}

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        load = optional(self._reward_fn, "load_state")
        if load:
            load(_stored(state) if state.global_step else {})
        self._tell(state)

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self._tell(state)

    def _tell(self, state: TrainerState) -> None:
        if optional(self._reward_fn, "progress") is not None:
            self._reward_fn.progress = state.global_step / state.max_steps


def _stored(state: TrainerState) -> Mapping[str, Any]:
    """The reward's state in the checkpoint that training resumes from."""
    saved: Mapping[str, Any] = state.stateful_callbacks or {}  # type: ignore[assignment]
    return saved.get(RewardState.__name__, {}).get("attributes", {}).get(MEMORY, {})
