"""Credits of characters, on the tokens that write them."""

from pathlib import Path

import torch
from transformers import AutoTokenizer

from reward_models.credit import Credit
from rl_explain.training.ppo.credit import token_credits


def test_every_token_of_a_title_and_no_other(random_base: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(random_base)
    text = 'Yes. "Copper Lantern" and "Iron Tide" é lift it.'
    spans = {title: text.index(title) for title in ("Copper Lantern", "Iron Tide")}
    credits = [
        Credit(start, start + len(title), value)
        for (title, start), value in zip(spans.items(), (0.5, -0.25), strict=True)
    ]
    ids = [*tokenizer(f"  {text}", add_special_tokens=False).input_ids, tokenizer.eos_token_id]
    short = tokenizer("No.", add_special_tokens=False).input_ids
    width = len(ids) + 2
    rows = torch.tensor([r + [tokenizer.pad_token_id] * (width - len(r)) for r in (ids, short)])
    mask = torch.arange(width) < torch.tensor([[len(ids)], [len(short)]])
    found = token_credits(rows, mask, [credits, []], tokenizer)

    assert found.shape == rows.shape
    assert not found[1].any()
    for value, title in ((0.5, "Copper Lantern"), (-0.25, "Iron Tide")):
        written = tokenizer.decode(rows[0][found[0] == value])
        assert title in written  # a token may hold the quote before it
        assert len(written) <= len(title) + 3
    assert not found[0][len(ids) - 1 :].any()
