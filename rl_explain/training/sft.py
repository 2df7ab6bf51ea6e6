"""Supervised fine-tuning on the recommender's tasks and the teacher's explanations, by TRL."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from datasets import Dataset
from peft import PeftModel
from transformers import PreTrainedTokenizerBase
from trl import SFTConfig, SFTTrainer
from trl.trainer import utils as trl_internals

from rl_explain.explainer.generation import format_prompt
from rl_explain.explainer.language_model import save_adapter
from rl_explain.tasks.examples import Example
from rl_explain.training.arguments import last_checkpoint, one_device, shared_arguments
from rl_explain.training.logs import JsonLinesLog
from rl_explain.training.offline_settings import SFTSettings


def train_sft(
    model: PeftModel,
    tokenizer: PreTrainedTokenizerBase,
    examples: Sequence[Example],
    settings: SFTSettings,
    folder: Path,
    seed: int,
    device: str = "cpu",
) -> dict[str, float]:
    """Train `model` in place on the completions of `examples`; resume where it was interrupted.

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
    arguments = one_device(arguments)
    trainer = SFTTrainer(
        model=model,
        args=arguments,
        train_dataset=Dataset.from_list(rows),
        processing_class=tokenizer,
        callbacks=[JsonLinesLog(folder / "log.jsonl")],
    )
    with _head_on_completions_only():
        result = trainer.train(resume_from_checkpoint=last_checkpoint(folder))
    save_adapter(model, folder / "adapter")
    return {"train_loss": result.training_loss, "steps": result.global_step}


@contextmanager
def _head_on_completions_only() -> Iterator[None]:
    """TRL 1.16 leaves unscored positions out of the output head only where it can use Triton.

    On a CPU it applies the head to every token of the prompts, more than half of all work here.
    """
    compact = trl_internals._use_triton
    trl_internals._use_triton = lambda device: True
    try:
        yield
    finally:
        trl_internals._use_triton = compact
