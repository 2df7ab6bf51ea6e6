"""Encode prompts shared by several completions only once."""

import inspect
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import pad
from transformers import Cache


def read_prompts(model: nn.Module, prompt_ids: Tensor, prompt_mask: Tensor) -> Cache:
    """Keys and values of all but the last token of each prompt; equal prompts are encoded once.

    The caller must process the last token, since it predicts the completion's first token.
    Gradients flow through the cache.

    Args:
        prompt_ids: (B, P), padded on the left.
        prompt_mask: (B, P), true where not padded.

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


def completion_logits(
    model: nn.Module,
    prompt_ids: Tensor,
    prompt_mask: Tensor,
    completion_ids: Tensor,
    completion_mask: Tensor,
    shared_prompts: bool = True,
) -> Tensor:
    """Logits (B, C, V) that predict each completion token.

    Args:
        prompt_ids: (B, P), padded on the left.
        prompt_mask: (B, P), true where not padded.
        completion_ids: (B, C), padded on the right.
        completion_mask: (B, C), true where not padded.
        shared_prompts: encode equal prompts once; the results are the same.
    """
    ids = torch.cat([prompt_ids, completion_ids], 1)
    mask = torch.cat([prompt_mask, completion_mask], 1).long()  # (B, P + C)
    cache, first = None, 0
    if shared_prompts:
        cache = read_prompts(model, prompt_ids, prompt_mask)
        first = prompt_ids.shape[1] - 1
    # The prompt's last token predicts a completion token; the completion's last one does not.
    logits: Tensor = model(
        input_ids=ids[:, first:-1],
        attention_mask=mask[:, :-1],
        logits_to_keep=completion_ids.shape[1],
        past_key_values=cache,
        use_cache=shared_prompts,
        **positions(model, mask, first),
    ).logits
    return logits


def positions(model: nn.Module, mask: Tensor, first: int) -> dict[str, Tensor]:
    """Position ids of the tokens from `first` to the last but one, as keyword arguments.

    Empty for models without position ids (ALiBi, state-space models), which derive positions from
    the mask.
    """
    base: Any = getattr(model, "get_base_model", lambda: model)()
    if "position_ids" not in inspect.signature(base.forward).parameters:
        return {}
    return {"position_ids": (mask.long().cumsum(1) - 1).clamp(min=0)[:, first:-1]}
