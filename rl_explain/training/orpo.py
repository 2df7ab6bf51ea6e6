"""Odds-ratio preference optimization (Hong et al. 2024, arXiv 2403.07691), by TRL."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from peft import PeftModel
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase
from trl.experimental.orpo import ORPOConfig, ORPOTrainer

from rl_explain.explainer.language_model import save_adapter
from rl_explain.training.arguments import last_checkpoint, one_device, preference_arguments
from rl_explain.training.logs import JsonLinesLog
from rl_explain.training.offline_settings import ORPOSettings
from rl_explain.training.pairs import Pair, preference_rows

IGNORED = -100
"""Label of tokens outside completions, as TRL and PyTorch have it."""


class CompletionORPOTrainer(ORPOTrainer):
    """TRL's ORPO with the likelihood term over the completion alone.

    TRL takes it over the prompt too, as the paper's code does; but virtual tokens stand in our
    prompts, and the output head has no rows for them.
    """

    def tokenize_row(self, feature: Any, model: Any = None) -> dict[str, Any]:
        """As TRL, without the BOS that it adds to prompts: `format_prompt` has written it."""
        tokenizer: Any = self.processing_class
        bos_token, tokenizer.bos_token = tokenizer.bos_token, None
        try:
            return dict(super().tokenize_row(feature, model))
        finally:
            tokenizer.bos_token = bos_token

    def concatenated_forward(  # type: ignore[override]
        self, model: nn.Module, batch: dict[str, Any]
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Mean log-probabilities (B,) and logits of both completions, and the chosen one's loss."""
        both = self.concatenated_inputs(
            batch, padding_value=self.padding_value, device=self.accelerator.device
        )
        labels: Any = both["concatenated_labels"]
        # No completion begins further left; logits over the prompts would be most of the work.
        kept = labels.shape[1] - int((labels != IGNORED).any(0).int().argmax()) + 1
        labels = labels[:, -kept:]
        logits = model(
            both["concatenated_input_ids"],
            attention_mask=both["concatenated_attention_mask"],
            use_cache=False,
            logits_to_keep=kept,
        ).logits
        log_probs = self.get_batch_logps(logits, labels, average_log_prob=True)
        chosen = len(batch["chosen_labels"])
        loss = nn.functional.cross_entropy(
            logits[:chosen, :-1].flatten(0, 1), labels[:chosen, 1:].flatten(), ignore_index=IGNORED
        )
        halves = (log_probs[:chosen], log_probs[chosen:], logits[:chosen], logits[chosen:])
        return *halves, loss


def orpo_loss(chosen: Tensor, rejected: Tensor, nll: Tensor, weight: float) -> Tensor:
    """Equations 6 and 7 of the paper, from mean log-probabilities a token.

    Args:
        chosen: (B,) mean log-probability of the chosen completion's tokens, below 0.
        rejected: (B,) likewise of the rejected one.
        nll: scalar, negative log-likelihood of the chosen completions.
        weight: lambda, of the odds-ratio term.
    """
    odds = [log_p - torch.log1p(-log_p.exp()) for log_p in (chosen, rejected)]
    return nll - weight * nn.functional.logsigmoid(odds[0] - odds[1]).mean()


def train_orpo(
    model: PeftModel,
    tokenizer: PreTrainedTokenizerBase,
    pairs: Sequence[Pair],
    settings: ORPOSettings,
    folder: Path,
    seed: int,
    device: str = "cpu",
) -> dict[str, float]:
    """Train `model` in place on preference pairs; resume where it was interrupted.

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
        callbacks=[JsonLinesLog(folder / "log.jsonl")],
    )
    result = trainer.train(resume_from_checkpoint=last_checkpoint(folder))
    save_adapter(model, folder / "adapter")
    return {"train_loss": result.training_loss, "steps": result.global_step, "pairs": len(pairs)}
