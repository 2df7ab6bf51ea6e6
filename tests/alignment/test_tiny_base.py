"""The shipped base model: what it must be able to do before any fine-tuning.

Worlds of a seed that pretraining never saw, written by the generator that pretraining used; chance
is one listed item in about eight.
"""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from rl_explain.alignment.connectors import Connector
from rl_explain.alignment.language_model import TINY_PATH

SCRIPTS = Path(__file__).parents[2] / "scripts"
sys.path.insert(0, str(SCRIPTS))

import tiny_worlds  # noqa: E402


@pytest.fixture(scope="module")
def rates() -> dict[str, float]:
    """For each kind of question, the share of answers that are right from the first token on."""
    tokenizer = AutoTokenizer.from_pretrained(TINY_PATH)
    model = AutoModelForCausalLM.from_pretrained(TINY_PATH, dtype=torch.float32).eval()
    place = Connector(
        tiny_worlds.MAX_DIM, model.config.hidden_size, model.config.virtual_token_norm
    )
    return {
        kind: np.mean([_right(kind, seed, tokenizer, model, place) for seed in range(40)])
        for kind in ("closest", "noisy_key", "like", "copy", "describe")
    }


def _right(kind, seed, tokenizer, model, place) -> bool:  # type: ignore[no-untyped-def]
    """Whether the last answer of a short sequence is the most likely one, token by token."""
    rng = np.random.default_rng((99, seed))
    words = [f"{a}{b}" for a in ("Sun", "Rain", "Fire", "Moon") for b in ("", "light", "dance")]
    world = tiny_worlds.draw_world(words, ["the"], tiny_worlds_values(), rng, small=False)
    text = tiny_worlds.write_sequence(world, questions=0)
    tiny_worlds.EMBEDDED[kind][0](text, world)
    pieces, answers = text.pieces, text.answers
    last = max(i for i, answer in enumerate(answers) if answer)
    parts = [_embed(piece, tokenizer, model, place) for piece in pieces[: last + 1]]
    answer = tokenizer(pieces[last], return_tensors="pt").input_ids[0]
    with torch.no_grad():
        logits = model(inputs_embeds=torch.cat(parts)[None]).logits[0]
    return bool((logits[-len(answer) - 1 : -1].argmax(-1) == answer).all())


def _embed(piece, tokenizer, model, place) -> torch.Tensor:  # type: ignore[no-untyped-def]
    if isinstance(piece, np.ndarray):
        return place(torch.tensor(piece, dtype=torch.float32))[None]
    ids = tokenizer(piece, return_tensors="pt").input_ids[0]
    return model.get_input_embeddings()(ids)


def tiny_worlds_values() -> list[str]:
    return [
        *("action adventure animation arcade biography children classic comedy crime drama").split(),
        *("family fantasy fighting historical horror modern musical mystery noir puzzle").split(),
    ]


@pytest.mark.parametrize(
    ("kind", "least"),
    [("copy", 0.8), ("describe", 0.8), ("noisy_key", 0.6), ("closest", 0.4), ("like", 0.7)],
)
def test_reads_lists_and_embeddings(rates: dict[str, float], kind: str, least: float) -> None:
    assert rates[kind] >= least
