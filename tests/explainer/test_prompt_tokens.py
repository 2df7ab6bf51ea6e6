"""All trainers and the generator see the same ids, whatever a tokenizer puts before its texts."""

from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import processors
from transformers import AutoTokenizer, Qwen3ForCausalLM
from trl import SFTTrainer

from rl_explain.config.settings import ModelConfig
from rl_explain.explainer.generation import encode, format_prompt
from rl_explain.explainer.language_model import add_adapter, load_base
from rl_explain.tasks.examples import Example
from rl_explain.training.pairs import Pair
from rl_explain.training.preference import train_orpo
from rl_explain.training.preference_settings import ORPOSettings
from rl_explain.training.sft import train_sft
from rl_explain.training.sft_settings import SFTSettings
from rl_explain.training.trl_compat import CompletionORPOTrainer

PROMPT = "The user <|item_1|> puts it"
TEMPLATE = "{{ bos_token }}{% for m in messages %}{{ m['content'] }}{% endfor %} No:"
OPENS = {"opens": True, "plain": False}


class Stopped(Exception):
    """Training is over before it begins: its data are there."""


@pytest.fixture(params=[(o, t) for o in OPENS for t in (None, TEMPLATE)], ids=str)
def base(request: Any, random_base: Path, tmp_path: Path) -> tuple[Any, Any, int]:
    """A base whose tokenizer opens texts with a token of its own, or knows one and does not."""
    opens, template = request.param
    tokenizer = AutoTokenizer.from_pretrained(random_base)
    tokenizer.bos_token = "#"  # some token that no prompt holds
    bos = tokenizer.bos_token_id
    if OPENS[opens]:
        tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
            single="# $A", special_tokens=[("#", bos)]
        )
    tokenizer.chat_template = template
    tokenizer.save_pretrained(tmp_path / "base")
    Qwen3ForCausalLM.from_pretrained(random_base).save_pretrained(tmp_path / "base")
    tables = torch.randn(3, 8), torch.randn(2, 1, 8)
    model, tokenizer = load_base(str(tmp_path / "base"), "float32", *tables)
    expected = int(OPENS[opens] or template is not None)
    return add_adapter(model, ModelConfig(lora_rank=2), seed=0), tokenizer, expected


def prompt_ids(base: tuple[Any, Any, int]) -> list[int]:
    model, tokenizer, _ = base
    ids: list[int] = encode(tokenizer, [format_prompt(tokenizer, PROMPT)], model)["input_ids"][
        0
    ].tolist()
    return ids


def test_texts_open_once(base: tuple[Any, Any, int]) -> None:
    _, tokenizer, expected = base
    ids = prompt_ids(base)
    assert ids.count(tokenizer.bos_token_id) == expected
    assert (ids[0] == tokenizer.bos_token_id) == bool(expected)
    assert tokenizer(format_prompt(tokenizer, PROMPT)).input_ids == ids


def test_supervised_training_sees_the_ids_of_use(
    base: tuple[Any, Any, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(SFTTrainer, "train", lambda self, **_: _stop(seen, self.train_dataset))
    model, tokenizer, _ = base
    settings = SFTSettings(steps=1, learning_rate=1e-3)
    with pytest.raises(Stopped):
        examples = [Example("explanation", "hybrid", PROMPT, "because")]
        train_sft(model, tokenizer, examples, settings, tmp_path, seed=0)
    expected = prompt_ids(base)
    assert seen[0]["input_ids"][: len(expected)] == expected
    assert set(seen[0]["labels"][: len(expected)]) == {-100}


def test_preference_training_sees_the_ids_of_use(
    base: tuple[Any, Any, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(
        CompletionORPOTrainer, "train", lambda self, **_: _stop(seen, self.train_dataset)
    )
    model, tokenizer, _ = base
    pair = Pair(format_prompt(tokenizer, PROMPT), "because", "No", 1.0, 0.0)
    with pytest.raises(Stopped):
        train_orpo(model, tokenizer, [pair], ORPOSettings(learning_rate=1e-3), tmp_path, seed=0)
    assert seen[0]["prompt_input_ids"] == prompt_ids(base)


def _stop(seen: list[Any], rows: Any) -> None:
    seen.append(rows[0])
    raise Stopped
