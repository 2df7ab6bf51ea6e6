"""A small model with virtual tokens and an adapter in the place of a supervised one."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from peft import PeftModel
from transformers import PreTrainedTokenizerBase

from rl_explain.config.settings import ModelConfig
from rl_explain.explainer.language_model import add_adapter, load_base

ModelMaker = Callable[[], tuple[PeftModel, PreTrainedTokenizerBase]]


@pytest.fixture
def sft_model(random_base: Path) -> ModelMaker:
    """Makes the same model anew at every call; its LoRA, with dropout, and connectors are moved."""

    def make() -> tuple[PeftModel, PreTrainedTokenizerBase]:
        generator = torch.Generator().manual_seed(3)
        tables = [torch.randn(*rows, 8, generator=generator) for rows in ((5,), (4, 1))]
        base, tokenizer = load_base(str(random_base), "float32", *tables)
        model = add_adapter(base, ModelConfig(lora_rank=8, lora_dropout=0.5), seed=0)
        for weight in model.parameters():
            if weight.requires_grad:
                weight.data += 0.05 * torch.randn(weight.shape, generator=generator)
        return model, tokenizer

    return make
