"""Constrained beams on a random model: every one is a title; all are found when all fit."""

from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from rl_explain.evaluation.constrained_retrieval import TitleTrie
from rl_explain.explainer.generation import generate

TITLES = ["Copper Lantern", "Copper Lantern II", "Iron Tide", "Café 漢字", "No"]


@pytest.fixture(scope="module")
def base(random_base: Path):  # type: ignore[no-untyped-def]
    tokenizer = AutoTokenizer.from_pretrained(random_base)
    return AutoModelForCausalLM.from_pretrained(random_base), tokenizer


def test_walks_every_title_and_nothing_else(base) -> None:  # type: ignore[no-untyped-def]
    """Depth first from a prompt that itself ends in a quoted title."""
    _, tokenizer = base
    trie = TitleTrie(tokenizer, TITLES)
    prompt = tokenizer.encode('History: "Iron Tide"; "Copper Lantern"\n')
    found, open_rows = [], [prompt]
    while open_rows:
        row = open_rows.pop()
        assert len(row) < len(prompt) + trie.depth
        for token in trie(0, torch.tensor(row)):
            if token == tokenizer.eos_token_id:
                found.append(tokenizer.decode(row[len(prompt) :]))
            else:
                open_rows.append([*row, token])
    assert sorted(found) == sorted(f'"{title}"' for title in TITLES)


def test_after_the_end_only_the_end(base) -> None:  # type: ignore[no-untyped-def]
    _, tokenizer = base
    trie = TitleTrie(tokenizer, TITLES)
    row = [*tokenizer.encode('?\n"No"'), tokenizer.eos_token_id]
    assert trie(0, torch.tensor(row)) == [tokenizer.eos_token_id]
    assert trie.depth == max(len(tokenizer.encode(f'"{t}"')) for t in TITLES) + 1


def test_beams_are_the_catalogue(base) -> None:  # type: ignore[no-untyped-def]
    model, tokenizer = base
    trie = TitleTrie(tokenizer, TITLES)
    prompts = ["Name one title.\n", 'History: "Iron Tide"\nWhich comes next, "Copper or not?\n']
    beams = generate(
        model,
        tokenizer,
        prompts,
        max_new_tokens=trie.depth,
        num_beams=5,
        num_return_sequences=5,
        allowed_tokens=trie,
    )
    for row in beams:
        assert sorted(row) == sorted(f'"{title}"' for title in TITLES)
