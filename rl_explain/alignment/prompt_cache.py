"""Prompts that several completions share pass through the model once."""

import inspect
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import pad
from transformers import Cache


def read_prompts(model: nn.Module, prompt_ids: Tensor, prompt_mask: Tensor) -> Cache:
    """Keys and values of all but the last token of each prompt; equal prompts are read once.

    The last token is left to whoever goes on from here, since it predicts the first of a
    completion. Gradients flow through.

    Args:
        prompt_ids: (B, P), padded on the left, `prompt_mask` true where not padded.

    Returns:
        A cache of B rows and P - 1 tokens.
    """
    width = prompt_ids.shape[1] - 1
    rows = torch.cat([prompt_ids[:, :-1], prompt_mask[:, :-1].long()], 1)
    different, place = torch.unique(rows, dim=0, return_inverse=True)
    ids, mask = different[:, :width], different[:, width:]
    cache = model(
        input_ids=ids,
        attention_mask=mask,
        logits_to_keep=1,
        use_cache=True,
        **positions(model, pad(mask, (0, 1)), 0),
    ).past_key_values
    cache.batch_select_indices(place)
    return cast(Cache, cache)


def positions(model: nn.Module, mask: Tensor, first: int) -> dict[str, Tensor]:
    """Positions of the tokens from `first` to the last but one, for models that take them.

    Models without position ids (ALiBi, state spaces) read positions off the mask.
    """
    base: Any = getattr(model, "get_base_model", lambda: model)()
    if "position_ids" not in inspect.signature(base.forward).parameters:
        return {}
    return {"position_ids": (mask.long().cumsum(1) - 1).clamp(min=0)[:, first:-1]}
