"""Samples completions from exactly the distribution whose log-probabilities are used.

A batch is a dict of tensors, one row per completion: `prompt_ids` and `prompt_mask` (B, P), padded
on the left; `completion_ids`, `completion_mask` and other values per token (B, C), padded on the
right. With constrained decoding, `completion_allowed` (B, C, bytes) says which tokens were
possible.
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
        max_new_tokens: maximum tokens per completion.
        temperature: above 0; the model's own generation settings are ignored.
        batch_size: completions sampled at once, longest prompts first.
        seed: seed of the sampling; global random generators are not changed.
        shared_prompts: read equal prompts of a batch once; the results are the same.
        titles: titles that completions may quote, per prompt; `None` for no constraint.

    Returns:
        The tensors of a batch. A completion includes its end-of-text token, if it has one.
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
    """True (B,) for completions with an end-of-text token."""
    return ((batch["completion_ids"] == eos_token_id) & batch["completion_mask"]).any(1)


def policy_inputs(batch: Batch) -> Batch:
    """The tensors of a batch that token probabilities depend on."""
    names = ("prompt_ids", "prompt_mask", "completion_ids", "completion_mask", "completion_allowed")
    return {name: batch[name] for name in names if name in batch}


def select(batch: Batch, rows: Tensor) -> Batch:
    """Some rows of a batch, without the columns in which all of them are padding."""
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
    """Rows (B,) of a batch, longest prompt first, so that neighbours need little padding.

    Adjacent completions of a prompt stay adjacent.
    """
    return batch["prompt_mask"].sum(1).argsort(descending=True, stable=True)
