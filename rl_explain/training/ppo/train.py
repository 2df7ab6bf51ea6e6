"""The PPO stage: tunes an SFT model and saves the best iteration's adapter."""

from pathlib import Path

from peft import PeftModel
from transformers import PreTrainedTokenizerBase

from rl_explain.explainer.constrained_decoding import TitleConstraint
from rl_explain.explainer.language_model import save_adapter
from rl_explain.training.fit import fit
from rl_explain.training.logs import ITERATION
from rl_explain.training.ppo.settings import PPOSettings
from rl_explain.training.ppo.trainer import PPOTrainer
from rl_explain.training.reward_protocol import RewardFunction
from rl_explain.training.scoring import Columns
from rl_explain.training.validation import VALIDATION_SCORE


def train_ppo(
    model: PeftModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Columns,
    validation: Columns,
    reward_fn: RewardFunction,
    config: PPOSettings,
    folder: Path,
    seed: int,
    device: str = "cpu",
    constraint: TitleConstraint | None = None,
) -> dict[str, float]:
    """Train `model` in place; resume if interrupted.

    Writes `log.jsonl`, `samples.jsonl`, `checkpoints/`, `best/` and `adapter/` under `folder`;
    returns flat metrics. Arguments as in `PPOTrainer`.
    """
    trainer = PPOTrainer(
        model, tokenizer, prompts, validation, reward_fn, config, folder, seed, device, constraint
    )
    fit(trainer, folder, config.steps_per_iteration)
    save_adapter(model, folder / "adapter")
    return _metrics(trainer)


def _metrics(trainer: PPOTrainer) -> dict[str, float]:
    """The validation score before training and at the best iteration; the last figures."""
    history = trainer.state.log_history
    scores = {
        line[ITERATION]: line[VALIDATION_SCORE] for line in history if VALIDATION_SCORE in line
    }
    best = max(scores, key=lambda iteration: scores[iteration])
    last = next(line for line in reversed(history) if "kl" in line)
    return {
        "iterations": last[ITERATION],
        "completions": trainer.config.iterations * trainer.config.completions_per_iteration,
        "steps": trainer.state.global_step,
        "best_iteration": best,
        "validation/score": scores[best],
        "validation/score_before": scores[min(scores)],
        **{name: last[name] for name in ("score", "kl", "entropy", "eos_rate")},
    }
