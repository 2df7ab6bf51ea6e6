"""The policy with a value head on the same trunk, and how both are saved."""

from pathlib import Path
from typing import cast

import torch
from peft import PeftModel, set_peft_model_state_dict
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import PreTrainedModel

from rl_explain.explainer.constrained_decoding import unpacked
from rl_explain.explainer.language_model import ADAPTER_FILE
from rl_explain.explainer.prompt_cache import completion_logits
from rl_explain.training.ppo.reference import POLICY

VALUE_HEAD_FILE = "value_head.safetensors"


class PolicyWithValue(nn.Module):
    """A causal language model that also predicts the remaining reward before each token.

    The value head reads the same hidden states as the output head and starts at zero. It is
    separate from the adapter: saving `policy` does not save it.

    The module is never in training mode, so dropout is off wherever log-probabilities are compared.
    That also turns activation checkpointing off.

    Args:
        policy: the model with its adapter; log-probabilities are those of its active adapter.
        temperature: divisor of the logits.
        shared_prompts: pass equal prompts of a batch through the model once, using its key-value
            cache, gradients included. The results are the same.
    """

    accepts_loss_kwargs = False

    def __init__(self, policy: PeftModel, temperature: float, shared_prompts: bool = False) -> None:
        super().__init__()
        self.policy = policy
        self.temperature = temperature
        self.shared_prompts = shared_prompts
        head = self._output_head()
        self.value_head = nn.Linear(head.in_features, 1, device=head.weight.device)
        nn.init.zeros_(self.value_head.weight)
        nn.init.zeros_(self.value_head.bias)
        self.eval()

    @property
    def base(self) -> PreTrainedModel:
        """The language model, its adapter's layers included."""
        return cast(PreTrainedModel, self.policy.get_base_model())

    def train(self, mode: bool = True) -> "PolicyWithValue":
        """Stay in evaluation mode, whatever `mode` asks for."""
        return super().train(False)

    def forward(
        self,
        prompt_ids: Tensor,
        prompt_mask: Tensor,
        completion_ids: Tensor,
        completion_mask: Tensor,
        completion_allowed: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Logits and values before each token of the completions.

        Args:
            prompt_ids: (B, P), padded on the left; `prompt_mask` is true where not padded.
            completion_ids: (B, C), padded on the right; `completion_mask` likewise.
            completion_allowed: (B, C, bytes) possible tokens; all if `None`.

        Returns:
            Logits (B, C, V) divided by the temperature, with the lowest finite number for
            impossible tokens, and values (B, C); both float32.
        """
        states: list[Tensor] = []
        hook = self._output_head().register_forward_pre_hook(
            lambda module, inputs: states.append(inputs[0])
        )
        try:
            logits = completion_logits(
                self.policy,
                prompt_ids,
                prompt_mask,
                completion_ids,
                completion_mask,
                self.shared_prompts,
            )
        finally:
            hook.remove()
        with torch.autocast(logits.device.type, enabled=False):
            # the pass over the prompts also calls the output head; the last call is ours
            values = self.value_head(states[-1].float()).squeeze(-1)
            logits = logits.float() / self.temperature
            if completion_allowed is not None:
                # -inf would make the entropy NaN
                lowest = torch.finfo(logits.dtype).min
                logits.masked_fill_(~unpacked(completion_allowed, logits.shape[-1]), lowest)
            return logits, values

    def _output_head(self) -> nn.Linear:
        return cast(nn.Linear, self.base.get_output_embeddings())


def save_weights(
    model: PolicyWithValue, folder: Path, state: dict[str, Tensor] | None = None
) -> None:
    """Write the adapter, as peft does, and the value head; from `state` if the model is sharded."""
    state = model.state_dict() if state is None else state
    folder.mkdir(parents=True, exist_ok=True)
    model.policy.save_pretrained(
        str(folder),
        state_dict=_part(state, "policy."),
        selected_adapters=[POLICY],
        save_embedding_layers=False,
    )
    save_file(_part(state, "value_head."), folder / VALUE_HEAD_FILE)


def load_weights(model: PolicyWithValue, folder: Path) -> None:
    """Load what `save_weights` wrote, in place."""
    set_peft_model_state_dict(model.policy, load_file(folder / ADAPTER_FILE), POLICY)
    model.value_head.load_state_dict(load_file(folder / VALUE_HEAD_FILE))


def _part(state: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
