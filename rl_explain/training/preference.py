"""Training on preference pairs by TRL: ORPO and DPO.

ORPO is odds-ratio preference optimization (Hong et al. 2024, arXiv 2403.07691); DPO is direct
preference optimization (Rafailov et al. 2023, arXiv 2305.18290).
"""

from collections.abc import Sequence
from pathlib import Path

import torch
from datasets import Dataset
from peft import PeftModel
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase, Trainer
from trl import DPOConfig, DPOTrainer
from trl.experimental.orpo import ORPOConfig

from rl_explain.explainer.language_model import save_adapter
from rl_explain.training.arguments import preference_arguments
from rl_explain.training.fit import fit
from rl_explain.training.logs import LOG_FILE, JsonLinesLog
from rl_explain.training.pairs import Pair, preference_rows
from rl_explain.training.preference_settings import DPOSettings, ORPOSettings
from rl_explain.training.trl_compat import CompletionORPOTrainer, one_device


def train_orpo(
    model: PeftModel,
    tokenizer: PreTrainedTokenizerBase,
    pairs: Sequence[Pair],
    settings: ORPOSettings,
    folder: Path,
    seed: int,
    device: str = "cpu",
) -> dict[str, float]:
    """Train `model` in place on preference pairs; resume if interrupted.

    Writes `log.jsonl`, `checkpoints/` and `adapter/` under `folder`; returns flat metrics.
    """
    arguments = ORPOConfig(
        **preference_arguments(settings, len(pairs), folder, seed, device),
        beta=settings.beta,
        max_length=4096,
    )
    trainer = CompletionORPOTrainer(
        model=model,
        args=one_device(arguments),
        train_dataset=Dataset.from_list(preference_rows(pairs)),
        processing_class=tokenizer,
        callbacks=[JsonLinesLog(folder / LOG_FILE)],
    )
    return _fit_and_save(trainer, model, pairs, folder)


def train_dpo(
    model: PeftModel,
    tokenizer: PreTrainedTokenizerBase,
    pairs: Sequence[Pair],
    settings: DPOSettings,
    folder: Path,
    seed: int,
    device: str = "cpu",
) -> dict[str, float]:
    """Like `train_orpo`. The reference policy is a frozen copy of `model`'s adapter, connectors
    included.
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
        callbacks=[JsonLinesLog(folder / LOG_FILE)],
    )
    return _fit_and_save(trainer, model, pairs, folder)


def _fit_and_save(
    trainer: Trainer, model: PeftModel, pairs: Sequence[Pair], folder: Path
) -> dict[str, float]:
    result = fit(trainer, folder)
    save_adapter(model, folder / "adapter")
    return {"train_loss": result.training_loss, "steps": result.global_step, "pairs": len(pairs)}


def orpo_loss(chosen: Tensor, rejected: Tensor, nll: Tensor, weight: float) -> Tensor:
    """ORPO's loss, equations 6 and 7 of the paper; tests compare TRL's loss with it.

        nll - lambda log sigmoid(log odds(chosen) - log odds(rejected)),   odds(p) = p / (1 - p)

    Args:
        chosen: (B,) mean log-probability of the chosen completion's tokens, below 0.
        rejected: (B,) the same for the rejected completion.
        nll: scalar, negative log-likelihood of the chosen completions.
        weight: lambda, the weight of the odds-ratio term.
    """
    odds = [log_p - torch.log1p(-log_p.exp()) for log_p in (chosen, rejected)]
    return nll - weight * nn.functional.logsigmoid(odds[0] - odds[1]).mean()
