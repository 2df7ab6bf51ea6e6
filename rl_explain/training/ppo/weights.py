"""The trained weights on disk: the adapter `default`, as peft writes it, and the value head."""

from pathlib import Path

from peft import set_peft_model_state_dict
from safetensors.torch import load_file, save_file
from torch import Tensor

from rl_explain.explainer.language_model import ADAPTER_FILE
from rl_explain.training.ppo.reference import POLICY
from rl_explain.training.ppo.value_head import PolicyWithValue

VALUE_HEAD_FILE = "value_head.safetensors"


def save_weights(
    model: PolicyWithValue, folder: Path, state: dict[str, Tensor] | None = None
) -> None:
    """Write the adapter and the value head, from `state` where the model itself is sharded."""
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
