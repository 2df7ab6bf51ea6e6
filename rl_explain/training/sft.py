"""Supervised fine-tuning on the recommender's tasks and the teacher's explanations, by TRL."""

from collections.abc import Sequence
from pathlib import Path

from datasets import Dataset
from peft import PeftModel
from transformers import PreTrainedTokenizerBase
from trl import SFTConfig, SFTTrainer

from rl_explain.explainer.generation import format_prompt
from rl_explain.explainer.language_model import save_adapter
from rl_explain.tasks.examples import Example
from rl_explain.training.arguments import shared_arguments
from rl_explain.training.fit import fit
from rl_explain.training.logs import LOG_FILE, JsonLinesLog
from rl_explain.training.sft_settings import SFTSettings
from rl_explain.training.trl_compat import head_on_completions_only, one_device


def train_sft(
    model: PeftModel,
    tokenizer: PreTrainedTokenizerBase,
    examples: Sequence[Example],
    settings: SFTSettings,
    folder: Path,
    seed: int,
    device: str = "cpu",
) -> dict[str, float]:
    """Train `model` in place on the completions of `examples`; resume if interrupted.

    Writes `log.jsonl`, `checkpoints/` and `adapter/` under `folder`; returns flat metrics.
    """
    rows = [
        {"prompt": format_prompt(tokenizer, e.prompt), "completion": e.completion} for e in examples
    ]
    arguments = SFTConfig(
        **shared_arguments(folder, settings.batch_size, settings.learning_rate, seed, device),
        max_steps=settings.steps,
        warmup_steps=settings.warmup,
        lr_scheduler_type="cosine",
        save_steps=max(1, settings.steps // 4),
        train_sampling_strategy="group_by_length",
        max_length=None,
    )
    trainer = SFTTrainer(
        model=model,
        args=one_device(arguments),
        train_dataset=Dataset.from_list(rows),
        processing_class=tokenizer,
        callbacks=[JsonLinesLog(folder / LOG_FILE)],
    )
    with head_on_completions_only():
        result = fit(trainer, folder)
    save_adapter(model, folder / "adapter")
    return {"train_loss": result.training_loss, "steps": result.global_step}
