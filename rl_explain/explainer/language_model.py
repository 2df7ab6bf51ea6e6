"""Load a base language model with virtual tokens, connectors and LoRA."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from torch import Tensor, nn
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from rl_explain.config.settings import TINY, ModelConfig
from rl_explain.errors import UserError
from rl_explain.explainer.constrained_decoding import TitleConstraint
from rl_explain.explainer.generation import add_no_special_tokens
from rl_explain.explainer.virtual_tokens import CONNECTORS, attach, extend_tokenizer

ADAPTER = "default"
"""Name of the adapter that is trained and saved."""
ADAPTER_FILE = "adapter_model.safetensors"
TINY_PATH = Path(__file__).parent.parent / "tiny"


def base_path(name: str) -> str:
    """The path of the shipped base model for `tiny`, else `name`, for `transformers`."""
    return str(TINY_PATH) if name == TINY else name


def load_base(
    name: str, dtype: str, item_table: Tensor, user_table: Tensor
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """The base model and its tokenizer, with virtual tokens for the two tables.

    Raises:
        UserError: the model cannot be loaded, or has only pickled weights.
    """
    tokenizer = load_tokenizer(name)
    with _named_if_missing(name):
        model = AutoModelForCausalLM.from_pretrained(
            base_path(name), dtype=getattr(torch, dtype), use_safetensors=True
        )
    rows = len(_embedding_weight(model))
    extend_tokenizer(tokenizer, rows, len(item_table), len(user_table), user_table.shape[1] - 1)
    attach(model, item_table, user_table)
    return model, tokenizer


def load_tokenizer(name: str) -> PreTrainedTokenizerBase:
    """The base model's tokenizer, without virtual tokens; errors as `load_base`."""
    with _named_if_missing(name):
        tokenizer = AutoTokenizer.from_pretrained(base_path(name))
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    tokenizer.padding_side = "left"
    add_no_special_tokens(tokenizer)
    return cast(PreTrainedTokenizerBase, tokenizer)


def title_constraint(model: PreTrainedModel | PeftModel, name: str) -> TitleConstraint:
    """The title constraint of a model on the base `name`; errors as `TitleConstraint`."""
    embedding: Any = model.get_input_embeddings()
    return TitleConstraint(load_tokenizer(name), embedding.first_id)


def base_shape(name: str) -> PretrainedConfig:
    """The base model's configuration, without its weights; errors as `load_base`."""
    with _named_if_missing(name):
        return AutoConfig.from_pretrained(base_path(name))


@contextmanager
def _named_if_missing(name: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        raise UserError(
            f"model.name is {name!r}, which cannot be loaded: {error}. Give `tiny`, or the folder "
            "or hub name of a causal language model with safetensors weights."
        ) from error


def add_adapter(model: PreTrainedModel, config: ModelConfig, seed: int) -> PeftModel:
    """LoRA on the configured layers and trainable connectors, as one adapter named `default`."""
    lora = LoraConfig(
        r=config.lora_rank,
        lora_alpha=config.lora_alpha,
        lora_dropout=config.lora_dropout,
        target_modules=list(config.lora_targets),
        modules_to_save=CONNECTORS,
        task_type="CAUSAL_LM",
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return get_peft_model(model, lora)


def load_adapter(model: PreTrainedModel, folder: str | Path, trainable: bool = False) -> PeftModel:
    """The adapter saved in `folder`, on a base model with virtual tokens.

    Raises:
        UserError: `folder` has no adapter, or pickled weights.
    """
    folder = Path(folder)
    if (folder / "adapter_model.bin").exists():
        raise UserError(f"{folder} has pickled weights (adapter_model.bin): save as safetensors.")
    if not (folder / ADAPTER_FILE).exists():
        raise UserError(f"no adapter in {folder}: run the stage that trains it first.")
    tuned = PeftModel.from_pretrained(model, str(folder), is_trainable=trainable)
    tuned.peft_config[ADAPTER].base_model_name_or_path = model.name_or_path  # for peft
    return tuned


def save_adapter(model: PeftModel, folder: str | Path) -> None:
    """Write the adapter `default`: LoRA and connectors, with the tiny base's name, not its path."""
    config = model.peft_config[ADAPTER]
    if config.base_model_name_or_path == str(TINY_PATH):
        config.base_model_name_or_path = TINY
    model.save_pretrained(str(folder), selected_adapters=[ADAPTER], save_embedding_layers=False)


def freeze_connectors(model: PeftModel) -> None:
    """Freeze the connectors of every adapter, so that only LoRA trains.

    peft makes all weights trainable when it activates an adapter, which happens around each
    reference pass. `frozen_connectors` stops gradients in that case too.
    """
    model.get_input_embeddings().frozen_connectors = True
    for name, weight in model.named_parameters():
        if any(f".{connector}." in name for connector in CONNECTORS):
            weight.requires_grad_(False)


def base_fingerprint(model: PreTrainedModel) -> str:
    """A SHA-256 of the model type and the first 256 values of each weight, without connectors."""
    digest = hashlib.sha256(model.config.model_type.encode())
    for name, weight in sorted(model.named_parameters()):
        if not any(connector in name for connector in CONNECTORS):
            digest.update(f"{name} {tuple(weight.shape)}".encode())
            digest.update(weight.detach().flatten()[:256].float().cpu().numpy().tobytes())
    return digest.hexdigest()


def _embedding_weight(model: PreTrainedModel) -> Tensor:
    return cast(nn.Embedding, model.get_input_embeddings()).weight
