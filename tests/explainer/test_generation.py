"""Generated text against what `transformers` generates from repeated prompts."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from rl_explain.explainer.generation import generate

PROMPTS = ["The recommender puts it high", "Give two reasons", "No. because of"]
COPIES, TOKENS = 3, 9


def test_samples_of_a_prompt_are_those_of_the_prompt_repeated(random_base: Path) -> None:
    """Prompts are read once for all their samples, which must change no sample."""
    model = AutoModelForCausalLM.from_pretrained(random_base).eval()
    tokenizer = AutoTokenizer.from_pretrained(random_base)
    settings = {"max_new_tokens": TOKENS, "temperature": 0.7, "seed": 5}
    texts = generate(model, tokenizer, PROMPTS, num_return_sequences=COPIES, **settings)

    longest_first = sorted(PROMPTS, key=len, reverse=True)
    repeated = [prompt for prompt in longest_first for _ in range(COPIES)]
    batch = tokenizer(repeated, return_tensors="pt", padding=True)
    torch.manual_seed(5)
    ids = model.generate(**batch, do_sample=True, temperature=0.7, top_k=0, max_new_tokens=TOKENS)
    answers = tokenizer.batch_decode(ids[:, batch["input_ids"].shape[1] :], True)
    for place, prompt in enumerate(longest_first):
        expected = [a.strip() for a in answers[COPIES * place : COPIES * (place + 1)]]
        assert texts[PROMPTS.index(prompt)] == expected
        assert len(set(expected)) > 1


def test_prompts_pass_through_the_model_once(random_base: Path) -> None:
    model = AutoModelForCausalLM.from_pretrained(random_base).eval()
    tokenizer = AutoTokenizer.from_pretrained(random_base)
    read: list[tuple[int, ...]] = []
    model.get_input_embeddings().register_forward_hook(
        lambda module, inputs, output: read.append(tuple(inputs[0].shape))
    )
    generate(
        model, tokenizer, PROMPTS, max_new_tokens=2, temperature=1.0, num_return_sequences=COPIES
    )
    assert read[0][0] == len(PROMPTS)
    assert read[1] == (COPIES * len(PROMPTS), 1)


def test_answers_know_whether_they_ended(random_base: Path) -> None:
    model = AutoModelForCausalLM.from_pretrained(random_base).eval()
    tokenizer = AutoTokenizer.from_pretrained(random_base)
    settings = {"max_new_tokens": 40, "temperature": 3.0, "seed": 1, "num_return_sequences": 20}
    [answers] = generate(model, tokenizer, PROMPTS[:1], **settings)
    assert {answer.ended for answer in answers} == {True, False}
    for answer in answers:
        again = deepcopy(answer)
        assert (again, again.ended, again.tokens) == (answer, answer.ended, answer.tokens)
        assert answer.ended or answer.tokens == 40
    [[short]] = generate(model, tokenizer, PROMPTS[:1], max_new_tokens=1)
    assert not short.ended
    assert short.tokens == 1


def test_answers_know_how_many_tokens_they_took(
    random_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = AutoModelForCausalLM.from_pretrained(random_base).eval()
    tokenizer = AutoTokenizer.from_pretrained(random_base)
    word, end, pad = tokenizer.encode("a")[0], tokenizer.eos_token_id, tokenizer.pad_token_id

    def generated(input_ids: torch.Tensor, **options: Any) -> torch.Tensor:
        rows = [[word, word, end, pad], [end, pad, pad, pad], [word, word, word, word]]
        return torch.cat([input_ids, torch.tensor(rows)], dim=1)

    monkeypatch.setattr(model, "generate", generated)
    answers = generate(model, tokenizer, PROMPTS[:1] * 3, max_new_tokens=4)
    assert [(a.tokens, a.ended) for [a] in answers] == [(3, True), (1, True), (4, False)]
