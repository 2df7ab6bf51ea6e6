"""GRPO and RLOO by TRL: each completion is compared with the others of its prompt.

GRPO is Shao et al. 2024 (arXiv 2402.03300), RLOO Ahmadian et al. 2024 (arXiv 2402.14740). Prompts,
rewards, reference policy and selection of the best weights are the same as in PPO; dropout is off.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from datasets import Dataset
from peft import PeftModel
from transformers import PreTrainedTokenizerBase, TrainerState
from trl import GRPOConfig, RLOOConfig

from rl_explain.explainer.language_model import save_adapter
from rl_explain.training.arguments import shared_arguments
from rl_explain.training.fit import fit
from rl_explain.training.groups_settings import GRPOSettings, RLOOSettings
from rl_explain.training.logs import (
    LOG_FILE,
    SAMPLES_FILE,
    JsonLinesLog,
    Rewind,
    append_samples,
)
from rl_explain.training.online_settings import OnlineSettings
from rl_explain.training.reward_protocol import RewardFunction, RewardState
from rl_explain.training.scoring import Columns, score, summary
from rl_explain.training.trl_compat import (
    SharedPromptsGRPOTrainer,
    SharedPromptsRLOOTrainer,
    one_device,
)
from rl_explain.training.validation import (
    VALIDATION_SCORE,
    ValidateOnSteps,
    best_adapter,
    validate,
)

TRAINERS: dict[type[OnlineSettings], tuple[Any, Any]] = {
    GRPOSettings: (SharedPromptsGRPOTrainer, GRPOConfig),
    RLOOSettings: (SharedPromptsRLOOTrainer, RLOOConfig),
}


def train_groups(
    model: PeftModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Columns,
    validation: Columns,
    reward_fn: RewardFunction,
    settings: GRPOSettings | RLOOSettings,
    folder: Path,
    seed: int,
    device: str = "cpu",
) -> dict[str, float]:
    """Train `model` in place by GRPO or RLOO; resume if interrupted.

    Writes `log.jsonl`, `samples.jsonl`, `checkpoints/`, `best/` and `adapter/` under `folder`;
    returns flat metrics. Arguments as in `PPOTrainer`.
    """
    trainer_type, arguments_type = TRAINERS[type(settings)]
    trainer = trainer_type(
        model=model,
        reward_funcs=_reward(reward_fn, settings, tokenizer.eos_token_id, folder),
        args=one_device(arguments_type(**_arguments(settings, folder, seed, device))),
        train_dataset=Dataset.from_dict(dict(prompts)),
        processing_class=tokenizer,
        callbacks=[
            JsonLinesLog(folder / LOG_FILE),
            Rewind(folder / SAMPLES_FILE, settings.minibatches),
            RewardState(reward_fn),
        ],
    )

    def validated(policy: PeftModel) -> dict[str, float]:
        return validate(
            policy,
            tokenizer,
            validation,
            reward_fn,
            max_new_tokens=settings.max_new_tokens,
            batch_size=settings.generation_batch_size,
        )

    every = settings.eval_every * settings.minibatches
    best = best_adapter(model, folder)
    trainer.add_callback(ValidateOnSteps(validated, trainer.log, every, best))
    fit(trainer, folder, settings.minibatches)
    save_adapter(model, folder / "adapter")
    return _metrics(trainer.state, settings)


def _arguments(settings: OnlineSettings, folder: Path, seed: int, device: str) -> dict[str, Any]:
    own = {
        "gradient_accumulation_steps": settings.minibatch_size // settings.micro_batch_size,
        "steps_per_generation": settings.completions_per_iteration // settings.micro_batch_size,
        "num_generations": settings.samples_per_prompt,
        "max_steps": settings.iterations * settings.minibatches,
        "save_steps": settings.save_every * settings.minibatches,
        "logging_steps": settings.minibatches,
        "lr_scheduler_type": "constant",
        "max_grad_norm": settings.max_grad_norm,
        "beta": settings.kl_coef,
        "epsilon": settings.clip_range,
        "temperature": settings.temperature,
        "max_completion_length": settings.max_new_tokens,
        "disable_dropout": True,
    }
    size, rate = settings.micro_batch_size, settings.learning_rate
    return shared_arguments(folder, size, rate, seed, device) | own


def _reward(
    reward_fn: RewardFunction, settings: OnlineSettings, eos_token_id: int, folder: Path
) -> Callable[..., list[float | None]]:
    """The reward in TRL's form: `None` excludes an unscored completion from the update."""

    def composite(
        prompts: Sequence[str],
        completions: Sequence[str],
        completion_ids: Sequence[Sequence[int]],
        trainer_state: TrainerState,
        log_metric: Callable[[str, float], None],
        log_extra: object,
        **columns: Sequence[Any],
    ) -> list[float | None]:
        texts = [text.strip() for text in completions]
        result = score(reward_fn, texts, {"prompt": prompts, **columns})
        for name, value in summary(result).items():
            log_metric(name, value)
        iteration = trainer_state.global_step // settings.minibatches + 1
        append_samples(
            folder / SAMPLES_FILE, iteration, prompts, texts, result, settings.samples_logged
        )
        return [
            total - settings.missing_eos_penalty * (ids[-1] != eos_token_id)
            if isinstance(total, int | float)
            else None
            for total, ids in zip(result.total, completion_ids, strict=True)
        ]

    return composite


def _metrics(state: TrainerState, settings: OnlineSettings) -> dict[str, float]:
    """The validation score before training and at the best iteration, and counts."""
    scores = [line[VALIDATION_SCORE] for line in state.log_history if VALIDATION_SCORE in line]
    return {
        "iterations": settings.iterations,
        "completions": settings.iterations * settings.completions_per_iteration,
        "steps": state.global_step,
        "best_iteration": (state.best_global_step or 0) // settings.minibatches,
        "validation/score": max(scores),
        "validation/score_before": scores[0],
    }
