"""TRL's GRPO and RLOO, whose passes over completions read equal prompts once.

TRL 1.16 reads each prompt once a completion and, where it cannot use Triton, passes the prompt's
tokens through the output head as well: most of the work where prompts are long. The
log-probabilities are the same; one method of TRL's is replaced.
"""

from typing import Any

import torch
from torch import Tensor
from trl import GRPOTrainer, RLOOTrainer

from rl_explain.explainer.prompt_cache import completion_logits
from rl_explain.training.ppo.losses import token_entropy, token_log_probs


class _SharedPrompts:
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
        """As TRL's, for texts: (B, C) each, C being `logits_to_keep`; no auxiliary loss."""
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
        padding = int(prompt.shape[1] - mask[:, :-length].sum(1).max())  # columns that only pad
        logits = completion_logits(
            model,
            prompt[:, padding:],
            mask[:, padding:-length].bool(),
            completion,
            mask[:, -length:],
        )
        logits = logits.float() / self.temperature
        with torch.no_grad():  # it is logged, and no part of the loss
            entropy = token_entropy(logits) if with_entropy else torch.empty(0)
        return token_log_probs(logits, completion), entropy


class SharedPromptsGRPOTrainer(_SharedPrompts, GRPOTrainer):
    """GRPO (Shao et al. 2024)."""


class SharedPromptsRLOOTrainer(_SharedPrompts, RLOOTrainer):
    """RLOO (Ahmadian et al. 2024)."""
