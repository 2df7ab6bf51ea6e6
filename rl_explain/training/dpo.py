"""Direct preference optimization (Rafailov et al. 2023, arXiv 2305.18290), by TRL."""

from collections.abc import Sequence
from pathlib import Path

from datasets import Dataset
from peft import PeftModel
from transformers import PreTrainedTokenizerBase
from trl import DPOConfig, DPOTrainer

from rl_explain.explainer.language_model import save_adapter
from rl_explain.training.arguments import last_checkpoint, one_device, preference_arguments
from rl_explain.training.logs import JsonLinesLog
from rl_explain.training.offline_settings import DPOSettings
from rl_explain.training.pairs import Pair, preference_rows


def train_dpo(
    model: PeftModel,
    tokenizer: PreTrainedTokenizerBase,
    pairs: Sequence[Pair],
    settings: DPOSettings,
    folder: Path,
    seed: int,
    device: str = "cpu",
) -> dict[str, float]:
    """Train `model` in place on preference pairs; resume where it was interrupted.

    The reference is a frozen copy of the adapter, connectors included, as `model` comes.
    Writes `log.jsonl`, `checkpoints/` and `adapter/` under `folder`; returns flat metrics.
    """
    arguments = DPOConfig(
        **preference_arguments(settings, len(pairs), folder, seed, device),
        beta=settings.beta,
        max_length=None,
        disable_dropout=True,
    )
    trainer = DPOTrainer(
        model=model,
        args=one_device(arguments),
        train_dataset=Dataset.from_list(preference_rows(pairs)),
        processing_class=tokenizer,
        callbacks=[JsonLinesLog(folder / "log.jsonl")],
    )
    result = trainer.train(resume_from_checkpoint=last_checkpoint(folder))
    save_adapter(model, folder / "adapter")
    return {"train_loss": result.training_loss, "steps": result.global_step, "pairs": len(pairs)}
