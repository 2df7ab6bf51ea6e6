"""The reference policy: a frozen copy of the SFT adapter on the same base weights."""

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
        UserError: the model already has a reference, or has no adapter `default`.
    """
    if REFERENCE in model.peft_config or POLICY not in model.peft_config:
        raise UserError(
            f"the model has the adapters {sorted(model.peft_config)}: give a model with only the "
            f"adapter {POLICY!r}."
        )
    model.add_adapter(REFERENCE, model.peft_config[POLICY])
    for name, weight in list(model.named_parameters()):
        if f".{POLICY}." in name:
            copy = model.get_parameter(name.replace(f".{POLICY}.", f".{REFERENCE}."))
            copy.data.copy_(weight.data)
            copy.requires_grad_(False)
    model.train(model.training)  # new layers start in training mode regardless of the model's


@contextmanager
def as_reference(model: PeftModel) -> Iterator[None]:
    """Context manager that activates the reference policy; no adapter takes gradients in it."""
    model.set_adapter(REFERENCE, inference_mode=True)
    try:
        yield
    finally:
        model.set_adapter(POLICY)
