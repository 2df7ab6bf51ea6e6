"""All code that depends on private or undocumented parts of TRL and transformers.

`tests/training/test_trl_compat.py` compares a digest of each of these parts with the checked one,
so a release that changes a part fails there. Read the change, then update the digest and `CHECKED`.

- `head_on_completions_only`: `trl.trainer.utils._use_triton`, which SFT's loss calls.
- `CompletionORPOTrainer`: `tokenize_row`, `concatenated_forward`, `concatenated_inputs` and
  `get_batch_logps` of TRL's experimental `ORPOTrainer`.
- `SharedPromptsGRPOTrainer`, `SharedPromptsRLOOTrainer`: `_get_per_token_logps_and_entropies`.
- `one_device`: `TrainingArguments._n_gpu`.
- `PPOTrainer` subclasses `transformers.Trainer` and overrides `_save` and `_load_from_checkpoint`;
  it calls `save_model` with `_internal_call` and sets `_created_lr_scheduler`.
- `RewardState` saves itself through `transformers.trainer_callback.ExportableState`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from transformers import TrainingArguments
from trl import GRPOTrainer, RLOOTrainer
from trl.experimental.orpo import ORPOTrainer
from trl.trainer import utils as trl_internals

from rl_explain.explainer.prompt_cache import completion_logits
from rl_explain.training.ppo.losses import token_entropy, token_log_probs

CHECKED = {"trl": "1.16.0", "transformers": "5.23.0"}
"""Versions whose private parts were read."""
IGNORED = -100
"""Label of tokens outside completions, as in TRL and PyTorch."""

ArgumentsT = TypeVar("ArgumentsT", bound=TrainingArguments)


def one_device(arguments: ArgumentsT) -> ArgumentsT:
    """Keep the trainer on one GPU; with several it would use `nn.DataParallel`."""
    arguments._n_gpu = min(arguments.n_gpu, 1)
    return arguments


@contextmanager
def head_on_completions_only() -> Iterator[None]:
    """Context manager in which SFT applies the output head only to scored tokens, on every device.

    TRL does so only where it can use Triton. On a CPU it also applies the head to every prompt
    token, which is more than half of all work here. The loss is the same.
    """
    original = trl_internals._use_triton
    trl_internals._use_triton = lambda device: True
    try:
        yield
    finally:
        trl_internals._use_triton = original


class CompletionORPOTrainer(ORPOTrainer):
    """TRL's ORPO with the likelihood term over the completion alone.

    TRL includes the prompt, as the paper's code does. Our prompts contain virtual tokens, and the
    output head has no rows for them.
    """

    def tokenize_row(self, feature: Any, model: Any = None) -> dict[str, Any]:
        """As in TRL, but without adding BOS to prompts: `format_prompt` has already done so."""
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
        # No completion starts further left; logits of the prompts would be most of the work.
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


class _SharedPrompts:
    """Reads equal prompts once when it computes log-probabilities of completions.

    TRL reads each prompt once per completion and, where it cannot use Triton, also applies the
    output head to the prompt's tokens, which is most of the work for long prompts. The
    log-probabilities are the same.
    """

    temperature: float

    def _get_per_token_logps_and_entropies(
        self,
        model: Any,
        input_ids: Tensor,
        attention_mask: Tensor,
        logits_to_keep: int,
        batch_size: int | None = None,
        compute_entropy: bool = False,
        **images: Any,
    ) -> tuple[Tensor, Tensor | None, None]:
        """As in TRL, for text: (B, C) each, where C is `logits_to_keep`; no auxiliary loss."""
        parts = [
            self._of_part(model, ids, mask, logits_to_keep, compute_entropy)
            for ids, mask in zip(
                input_ids.split(batch_size or len(input_ids)),
                attention_mask.split(batch_size or len(input_ids)),
                strict=True,
            )
        ]
        log_probs = torch.cat([part[0] for part in parts])
        return log_probs, torch.cat([part[1] for part in parts]) if compute_entropy else None, None

    def _of_part(
        self, model: Any, ids: Tensor, mask: Tensor, length: int, with_entropy: bool
    ) -> tuple[Tensor, Tensor]:
        prompt, completion = ids[:, :-length], ids[:, -length:]
        padding = int(prompt.shape[1] - mask[:, :-length].sum(1).max())  # columns of padding alone
        logits = completion_logits(
            model,
            prompt[:, padding:],
            mask[:, padding:-length].bool(),
            completion,
            mask[:, -length:],
        )
        logits = logits.float() / self.temperature
        with torch.no_grad():  # only logged, not part of the loss
            entropy = token_entropy(logits) if with_entropy else torch.empty(0)
        return token_log_probs(logits, completion), entropy


class SharedPromptsGRPOTrainer(_SharedPrompts, GRPOTrainer):
    """GRPO (Shao et al. 2024)."""


class SharedPromptsRLOOTrainer(_SharedPrompts, RLOOTrainer):
    """RLOO (Ahmadian et al. 2024)."""
