"""Scores greedy answers to the validation prompts and keeps a training's best weights."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from peft import PeftModel, set_peft_model_state_dict
from safetensors.torch import load_file
from transformers import (
    PreTrainedModel,
    PreTrainedTokenizerBase,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)

from rl_explain.errors import UserError
from rl_explain.explainer.constrained_decoding import PromptTitles
from rl_explain.explainer.generation import generate
from rl_explain.explainer.language_model import ADAPTER, ADAPTER_FILE, save_adapter
from rl_explain.training.reward_protocol import RewardFunction, final_reward
from rl_explain.training.scoring import Columns, score, summary

BEST = "best"
"""Subfolder of the best weights so far."""
VALIDATION_SCORE = "validation/score"


def validate(
    model: PreTrainedModel | PeftModel,
    tokenizer: PreTrainedTokenizerBase,
    columns: Columns,
    reward_fn: RewardFunction,
    *,
    max_new_tokens: int,
    batch_size: int,
    titles: PromptTitles | None = None,
) -> dict[str, float]:
    """`validation/score`, the mean reward of greedy answers if any was scored, and its parts.

    The reward is `final_reward(reward_fn)`. With `titles`, answers can quote only these.
    """
    answers = generate(
        model,
        tokenizer,
        columns["prompt"],
        max_new_tokens=max_new_tokens,
        batch_size=batch_size,
        titles=titles,
        description="validation",
    )
    result = score(final_reward(reward_fn), [texts[0] for texts in answers], columns)
    return {f"validation/{name}": value for name, value in summary(result).items()}


def require_score(metrics: dict[str, float]) -> None:
    """`UserError` if no answer was scored, since nothing could then select the best weights."""
    if VALIDATION_SCORE not in metrics:
        raise UserError(
            "no explanation of a validation prompt got a score: give a term that scores "
            "explanations a weight, such as rewards.weights.faithfulness=1."
        )


class BestWeights:
    """Keeps the weights with the best validation score so far, in the subfolder `best`.

    The best score and its step are part of the trainer's state, so a resumed training knows them.

    Args:
        folder: the stage's folder.
        save: writes the current weights to a folder.
        load: loads what `save` wrote.
    """

    def __init__(
        self, folder: Path, save: Callable[[Path], None], load: Callable[[Path], None]
    ) -> None:
        self._folder, self._save, self._load = folder / BEST, save, load

    def offer(self, state: TrainerState, metrics: dict[str, float]) -> None:
        """Keep the weights if `metrics`, from `validate`, have the highest score so far."""
        found = metrics.get(VALIDATION_SCORE, float("-inf"))
        if found > (float("-inf") if state.best_metric is None else state.best_metric):
            state.best_metric, state.best_global_step = found, state.global_step
            self._save(self._folder)

    def restore(self, state: TrainerState) -> None:
        """Load the best weights, if any were kept."""
        if state.best_metric is not None:
            self._load(self._folder)


def best_adapter(model: PeftModel, folder: Path) -> BestWeights:
    """Keeps the best adapter of a model."""

    def load(best: Path) -> None:
        set_peft_model_state_dict(model, load_file(best / ADAPTER_FILE), ADAPTER)

    return BestWeights(folder, lambda best: save_adapter(model, best), load)


class ValidateOnSteps(TrainerCallback):
    """Validates before the first step, every `every` steps and after the last one.

    Args:
        validation: returns the metrics of `validate` for the current model.
        log: the trainer's `log`.
        every: optimiser steps between validations.
        best: keeps the best weights and loads them into the model at the end.
    """

    def __init__(
        self,
        validation: Callable[[PeftModel], dict[str, float]],
        log: Callable[[dict[str, float]], Any],
        every: int,
        best: BestWeights,
    ) -> None:
        self._validation, self._log, self._every, self._best = validation, log, every, best

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        if not state.global_step:
            require_score(self._validate(state, kwargs["model"]))

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        if state.global_step % self._every == 0 or state.global_step == state.max_steps:
            self._validate(state, kwargs["model"])

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self._best.restore(state)

    def _validate(self, state: TrainerState, model: PeftModel) -> dict[str, float]:
        training = model.training
        metrics = self._validation(model)
        model.train(training)
        self._log(dict(metrics))
        self._best.offer(state, metrics)
        return metrics
