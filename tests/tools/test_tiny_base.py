"""The shipped base model: what it must be able to do before any fine-tuning.

Worlds of a seed that pretraining never saw, one kind of question at a time. Punctuation and the
end of an answer are easy, so the bars lie well above what they alone would give.
"""

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from rl_explain.explainer.language_model import TINY_PATH
from tools.tiny_base import build as pretraining
from tools.tiny_base import drills, questions, sequences

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
    write = drills.write_pairs if kind == "pairs" else questions.write_list
    monkeypatch.setattr(sequences, "KINDS", {write: 1.0})
    asked = {name: questions.EMBEDDED[name] for name in [kind] if name != "pairs"}
    monkeypatch.setattr(questions, "EMBEDDED", asked)
    monkeypatch.setattr(questions, "TITLED", {"copy": questions.TITLED["copy"]})
    tokenizer = AutoTokenizer.from_pretrained(TINY_PATH)
    unseen = sequences.Sequences(tokenizer, UNSEEN, sequences.LONG)
    rows = [row for row, _ in zip(unseen, range(12), strict=False)]
    model = AutoModelForCausalLM.from_pretrained(TINY_PATH, dtype=torch.float32)
    with torch.no_grad():
        *_, right = pretraining.Reader(model)(*map(torch.stack, zip(*rows, strict=True)))
    assert right.item() >= LEAST[kind]


def test_an_interrupted_pretraining_ends_with_the_same_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pretraining, "CHUNK", 2)
    monkeypatch.setattr(pretraining, "LOGGED", 2)
    monkeypatch.setattr(torch, "compile", lambda module, **_: module)
    train, calls = pretraining.train, 0

    def interrupted(*args: Any) -> list[dict[str, float]]:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise KeyboardInterrupt
        return train(*args)

    build = partial(pretraining.build, steps=4, seed=0, batch=1, peak=1e-2)
    build(tmp_path / "whole")
    monkeypatch.setattr(pretraining, "train", interrupted)
    with pytest.raises(KeyboardInterrupt):
        build(tmp_path / "broken")
    build(tmp_path / "broken")
    whole, broken = (
        load_file(tmp_path / name / "model.safetensors") for name in ("whole", "broken")
    )
    assert all(torch.equal(weight, broken[name]) for name, weight in whole.items())
    record = [
        json.loads((tmp_path / name / pretraining.RECORD).read_text())
        for name in ("whole", "broken")
    ]
    assert [line["loss"] for line in record[0]] == [line["loss"] for line in record[1]]
    assert [line["step"] for line in record[1]] == [2, 4]
