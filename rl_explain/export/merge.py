"""Merges an explainer into one ordinary checkpoint that stock `transformers` loads.

LoRA is merged into the base weights. The connectors' output for each row of the embedding tables
becomes a row of the input embedding. The output head is untied and gets zero rows for virtual
tokens, so their logits are 0, not minus infinity. `generation_config.json` therefore suppresses
these tokens and renormalises the rest; every probability then equals the adapter's.
"""

from copy import deepcopy
from pathlib import Path
from typing import Any, cast

import torch
from peft import PeftModel
from torch import Tensor, nn
from transformers import GenerationConfig, PreTrainedModel

from rl_explain.errors import UserError
from rl_explain.explainer.explainer import Explainer
from rl_explain.explainer.generation import keep_prompt_format
from rl_explain.explainer.virtual_tokens import CONNECTORS

BATCH = 65_536
"""Virtual tokens converted to rows at once."""


def save_merged(explainer: Explainer, folder: Path) -> None:
    """Write model, generation settings and tokenizer. The explainer cannot be used afterwards.

    Raises:
        UserError: as `merged_model`.
    """
    model = merged_model(explainer)
    model.save_pretrained(str(folder))
    tokenizer = explainer.tokenizer
    keep_prompt_format(tokenizer)
    tokenizer.save_pretrained(str(folder))


def merged_model(explainer: Explainer) -> PreTrainedModel:
    """A model of the base's own class with virtual tokens as ordinary embedding rows.

    Merging is in place and shares weights with the explainer, which cannot be used afterwards.

    Raises:
        UserError: the explainer is the untuned base model, or the base's embedding does more than
            look up and scale rows.
    """
    if not isinstance(explainer.model, PeftModel):
        raise UserError("the base model has no adapter to merge: give a trained method.")
    model: Any = explainer.model.merge_and_unload()
    embedding, head = model.get_input_embeddings(), model.get_output_embeddings()
    virtual = len(explainer.tokenizer) - embedding.first_id
    weights = {
        name: weight
        for name, weight in model.state_dict().items()
        if not any(f".{connector}." in name for connector in CONNECTORS)
    }
    rows = {_name(model, embedding): _baked_rows(embedding, virtual)}
    for name, weight in rows.items():
        weights[f"{name}.weight"] = torch.cat([weights[f"{name}.weight"], weight])
    for name, weight in head.named_parameters():  # weight, and bias if there is one
        zeros = weight.new_zeros(virtual, *weight.shape[1:])
        weights[f"{_name(model, head)}.{name}"] = torch.cat([weight.detach(), zeros])
    with torch.device("meta"):
        merged = type(model)(_config(model, embedding.first_id + virtual))
    merged.load_state_dict(weights, assign=True)
    merged.generation_config = _generation_config(explainer, embedding.first_id)
    return cast(PreTrainedModel, merged)


@torch.no_grad()
def _baked_rows(embedding: Any, virtual: int) -> Tensor:
    """The embeddings of virtual tokens as table rows: (virtual, hidden_size).

    Some models, such as Gemma, scale looked-up rows. Virtual tokens are not scaled, so their rows
    are divided by that factor.

    Raises:
        UserError: the embedding does more than look up and scale rows.
    """
    ordinary = torch.arange(min(1024, embedding.first_id), device=embedding.weight.device)
    scale = getattr(embedding, "embed_scale", torch.ones(1)).to(embedding.weight)
    if not torch.allclose(embedding(ordinary), embedding.weight[ordinary] * scale):
        raise UserError(
            f"{type(embedding).__bases__[-1].__name__}, the base model's embedding, does more than "
            "look up and scale rows, so virtual tokens cannot become rows: export without --merge."
        )
    ids = torch.arange(virtual, device=embedding.weight.device) + embedding.first_id
    return torch.cat([embedding(batch) / scale for batch in ids.split(BATCH)])


def _config(model: PreTrainedModel, vocab_size: int) -> Any:
    config = deepcopy(model.config)
    for part in (config, config.get_text_config()):
        part.vocab_size = vocab_size
        part.tie_word_embeddings = False
    return config


def _generation_config(explainer: Explainer, first_id: int) -> GenerationConfig:
    """Greedy decoding, like the explainer's; virtual tokens are suppressed."""
    return GenerationConfig(
        max_new_tokens=explainer.manifest.max_new_tokens,
        pad_token_id=explainer.tokenizer.pad_token_id,
        eos_token_id=explainer.tokenizer.eos_token_id,
        suppress_tokens=list(range(first_id, len(explainer.tokenizer))),
        renormalize_logits=True,
    )


def _name(model: nn.Module, module: nn.Module) -> str:
    return next(name for name, part in model.named_modules() if part is module)
