"""The reference policy: a frozen copy of the SFT adapter, in one set of base weights."""

from collections.abc import Iterator
from contextlib import contextmanager

from peft import PeftModel

from rl_explain.errors import UserError
from rl_explain.explainer.language_model import ADAPTER as POLICY

REFERENCE = "reference"
"""Name of the frozen copy."""


def add_reference(model: PeftModel) -> None:
    """Copy the adapter `default`, connectors included, to a frozen adapter `reference`.

    Raises:
        UserError: the model has a reference already, or no adapter `default`.
    """
    if REFERENCE in model.peft_config or POLICY not in model.peft_config:
        raise UserError(
            f"the model has the adapters {sorted(model.peft_config)}: give one with the adapter "
            f"{POLICY!r} alone."
        )
    model.add_adapter(REFERENCE, model.peft_config[POLICY])
    for name, weight in list(model.named_parameters()):
        if f".{POLICY}." in name:
            copy = model.get_parameter(name.replace(f".{POLICY}.", f".{REFERENCE}."))
            copy.data.copy_(weight.data)
            copy.requires_grad_(False)
    model.train(model.training)  # the new layers start in training mode, whatever the model's is


@contextmanager
def as_reference(model: PeftModel) -> Iterator[None]:
    """Within, `model` is the reference policy and no adapter takes gradients."""
    model.set_adapter(REFERENCE, inference_mode=True)
    try:
        yield
    finally:
        model.set_adapter(POLICY)
