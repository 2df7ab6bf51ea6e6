"""The shipped base model: what it must be able to do before any fine-tuning.

Worlds of a seed that pretraining never saw, one kind of question at a time. Punctuation and the
end of an answer are easy, so the bars lie well above what they alone would give.
"""

import sys
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from rl_explain.alignment.language_model import TINY_PATH

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

import build_tiny_model
import tiny_worlds

UNSEEN = 12_345


LEAST = {
    "copy": 0.9,
    "describe": 0.9,
    "shared": 0.7,
    "noisy_key": 0.8,
    "closest": 0.65,
    "like": 0.7,
    "pairs": 0.65,
}


@pytest.mark.parametrize("kind", LEAST)
def test_reads_lists_and_embeddings(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiny_worlds, "PAIRED", float(kind == "pairs"))
    monkeypatch.setattr(tiny_worlds, "JUDGED", 0.0)
    if kind != "pairs":
        monkeypatch.setattr(tiny_worlds, "EMBEDDED", {kind: tiny_worlds.EMBEDDED[kind]})
    monkeypatch.setattr(tiny_worlds, "TITLED", {"copy": tiny_worlds.TITLED["copy"]})
    tokenizer = AutoTokenizer.from_pretrained(TINY_PATH)
    sequences = build_tiny_model.Sequences(tokenizer, UNSEEN, build_tiny_model.LONG)
    rows = [row for row, _ in zip(sequences, range(12), strict=False)]
    model = AutoModelForCausalLM.from_pretrained(TINY_PATH, dtype=torch.float32)
    with torch.no_grad():
        _, right = build_tiny_model.Reader(model)(*map(torch.stack, zip(*rows, strict=True)))
    assert right.item() >= LEAST[kind]
