"""Completions sampled from the very distribution whose log-probabilities are used.

A batch is a dict of tensors, one row a completion: `prompt_ids` and `prompt_mask` (B, P), padded
on the left; `completion_ids`, `completion_mask` and whatever else there is of each token (B, C),
padded on the right. Where completions are held to titles, `completion_allowed` (B, C, bytes) says
which tokens they could have gone on with.
"""

from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor
from torch.nn.functional import pad
from transformers import GenerationConfig, PreTrainedModel, PreTrainedTokenizerBase

from rl_explain.explainer.constrained_decoding import PromptTitles
from rl_explain.explainer.generation import encode, only_settings
from rl_explain.explainer.prompt_cache import read_prompts

Batch = dict[str, Tensor]


@torch.no_grad()
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
        shared_prompts: read equal prompts that stand together once.
        titles: what completions may quote, for each prompt; anything without it.

    Returns:
        The tensors of a batch. A completion holds its end-of-text token, if it has one.
    """
    batch = encode(tokenizer, prompts, model)
    encoded = {"prompt_ids": batch["input_ids"], "prompt_mask": batch["attention_mask"].bool()}
    settings = GenerationConfig(
        do_sample=True,
        temperature=temperature,
        top_k=0,
        max_new_tokens=max_new_tokens,
        use_cache=True,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    order = encoded["prompt_mask"].sum(1).argsort(descending=True, stable=True)
    parts = []
    with only_settings(model, settings), torch.random.fork_rng():
        torch.manual_seed(seed)
        for rows in order.split(batch_size):
            part = select(encoded, rows)
            width = part["prompt_ids"].shape[1]
            ids = cast(Any, model).generate(
                part["prompt_ids"],
                attention_mask=part["prompt_mask"].long(),
                generation_config=settings,
                logits_processor=[titles.processor(rows.tolist(), width)] if titles else None,
                past_key_values=read_prompts(model, **part) if shared_prompts else None,
            )
            parts.append(ids[:, width:])
    width = max(part.shape[1] for part in parts)
    padded = [pad(part, (0, width - part.shape[1]), value=settings.pad_token_id) for part in parts]
    completions = torch.cat(padded)[order.argsort()]
    mask = completion_mask(completions, tokenizer.eos_token_id)
    sampled = encoded | {"completion_ids": completions, "completion_mask": mask}
    if titles:
        sampled["completion_allowed"] = titles.allowed(completions, mask)
    return sampled


def completion_mask(completion_ids: Tensor, eos_token_id: int) -> Tensor:
    """True (B, C) up to and including the first end-of-text token."""
    is_end = (completion_ids == eos_token_id).long()
    return is_end.cumsum(1) - is_end == 0


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

    Completions of a prompt that stand together stay together.
    """
    return batch["prompt_mask"].sum(1).argsort(descending=True, stable=True)
