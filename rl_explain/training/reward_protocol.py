"""What a reward may offer a trainer, beside being called.

Any callable that gives a number, `None` or `FAILED` for each completion is a reward for every
trainer. `OptionalParts` are what a trainer also uses where a reward has them, each for itself;
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
    """None of these is needed."""

    progress: float
    """Set by the trainer: the share of training that is done, 0 to 1."""

    def credits(
        self, completions: Sequence[str], result: CompositeResult, **columns: Any
    ) -> list[list[Credit]]:
        """What parts of each completion brought to its total; PPO credits them to their tokens."""
        ...

    def final_reward(self) -> RewardFunction:
        """The reward that validation uses, if the reward itself changes in training."""
        ...

    def state(self) -> Mapping[str, Any]:
        """What checkpoints keep of the reward, as JSON holds it without loss."""
        ...

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Continue from what `state` gave; an empty mapping at the start of a training."""
        ...


def optional(reward_fn: RewardFunction, part: str) -> Any:
    """That part of `OptionalParts`, or `None` where the reward has none."""
    return getattr(reward_fn, part, None)


def final_reward(reward_fn: RewardFunction) -> RewardFunction:
    """The reward by which weights of different times compare."""
    final = optional(reward_fn, "final_reward")
    return final() if final else reward_fn


class RewardState(TrainerCallback, ExportableState):
    """Tells a reward the share of training that is done, and keeps its state in checkpoints.

    The trainer writes the state into `trainer_state.json`.
    """

    def __init__(self, reward_fn: RewardFunction) -> None:
        self._reward_fn: Any = reward_fn

    def state(self) -> dict[str, Any]:
        """What the trainer saves."""
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
    """The memory in the checkpoint that training resumes from."""
    saved: Mapping[str, Any] = state.stateful_callbacks or {}  # type: ignore[assignment]
    return saved.get(RewardState.__name__, {}).get("attributes", {}).get(MEMORY, {})
