"""Completions sampled from the very distribution whose log-probabilities are used.

A batch is a dict of tensors, one row a completion: `prompt_ids` and `prompt_mask` (B, P), padded
on the left; `completion_ids`, `completion_mask` and whatever else there is of each token (B, C),
padded on the right. Where decoding is constrained, `completion_allowed` (B, C, bytes) says
which tokens they could have gone on with.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import pad
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from rl_explain.explainer.constrained_decoding import PromptTitles
from rl_explain.explainer.generation import (
    completion_mask,
    continuations,
    encode,
    generation_settings,
)

Batch = dict[str, Tensor]


def sample(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[str],
    *,
    max_new_tokens: int,
    temperature: float,
    batch_size: int,
    seed: int,
    shared_prompts: bool = False,
    titles: PromptTitles | None = None,
) -> Batch:
    """One completion of each formatted prompt.

    Args:
        max_new_tokens: tokens of a completion at most.
        temperature: above 0; nothing else shapes the distribution, whatever the model's own
            generation settings say.
        batch_size: completions sampled at once, longest prompts first.
        seed: the global generators are left as they were.
        shared_prompts: read equal prompts of a batch once; the results are the same.
        titles: what completions may quote, for each prompt; anything without it.

    Returns:
        The tensors of a batch. A completion holds its end-of-text token, if it has one.
    """
    batch = encode(tokenizer, prompts, model)
    encoded = {"prompt_ids": batch["input_ids"], "prompt_mask": batch["attention_mask"].bool()}
    order = rows_by_length(encoded)
    parts = continuations(
        model,
        tokenizer,
        prompts,
        [rows.tolist() for rows in order.split(batch_size)],
        generation_settings(tokenizer, max_new_tokens, temperature),
        seed=seed,
        shared_prompts=shared_prompts,
        titles=titles,
        description="sampling",
    )
    width = max(part.shape[1] for part in parts)
    padding = tokenizer.pad_token_id
    padded = [pad(part, (0, width - part.shape[1]), value=padding) for part in parts]
    completions = torch.cat(padded)[order.argsort()]
    mask = completion_mask(completions, tokenizer.eos_token_id)
    sampled = encoded | {"completion_ids": completions, "completion_mask": mask}
    if titles:
        sampled["completion_allowed"] = titles.allowed(completions, mask)
    return sampled


def has_ended(batch: Batch, eos_token_id: int) -> Tensor:
    """True (B,) for completions that hold an end-of-text token."""
    return ((batch["completion_ids"] == eos_token_id) & batch["completion_mask"]).any(1)


def policy_inputs(batch: Batch) -> Batch:
    """Of all that a batch holds, what its tokens' probabilities depend on."""
    names = ("prompt_ids", "prompt_mask", "completion_ids", "completion_mask", "completion_allowed")
    return {name: batch[name] for name in names if name in batch}


def select(batch: Batch, rows: Tensor) -> Batch:
    """Some rows of a batch, less the columns that only pad them."""
    chosen = {name: values[rows] for name, values in batch.items()}
    longest = int(chosen["prompt_mask"].sum(1).max())
    width = chosen["prompt_mask"].shape[1]
    for name in ("prompt_ids", "prompt_mask"):
        chosen[name] = chosen[name][:, width - longest :]
    if "completion_mask" not in chosen:
        return chosen
    longest = int(chosen["completion_mask"].sum(1).max())
    return {k: v if k.startswith("prompt") else v[:, :longest] for k, v in chosen.items()}


def rows_by_length(batch: Batch) -> Tensor:
    """Rows (B,) of a batch, longest prompt first: neighbours need little padding.

    Completions of a prompt that are adjacent stay adjacent.
    """
    return batch["prompt_mask"].sum(1).argsort(descending=True, stable=True)
