"""PPO whose completions quote titles of their prompts alone: sampled and scored by one law."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoTokenizer

from reward_models.types import Score
from rl_explain.explainer.constrained_decoding import (
    QUOTED,
    PromptTitles,
    TitleConstraint,
    unpacked,
)
from rl_explain.training.ppo.experience import score_tokens
from rl_explain.training.ppo.rollout import sample
from rl_explain.training.ppo.settings import PPOSettings
from rl_explain.training.ppo.trainer import PPOTrainer
from rl_explain.training.ppo.value_head import PolicyWithValue

TEMPERATURE = 1.7
QUESTIONS = [
    'History: "Copper Lantern" <|item_3|>; "No"; <|user_2|>',
    "Yes or no <|item_1|>?",
    'Is it "Iron Tide", "Irony" or "Copper"?',
]
COLUMNS = {"question": QUESTIONS * 8, "prompt": [f'Say "sorry". {q}\n' for q in QUESTIONS * 8]}


@pytest.fixture
def constraint(random_base: Path, sft_model: Any) -> TitleConstraint:
    rows = sft_model()[0].get_input_embeddings().first_id
    return TitleConstraint(AutoTokenizer.from_pretrained(random_base), rows)


def draw(policy: PolicyWithValue, tokenizer: Any, prompts: list[str], titles: Any) -> Any:
    return sample(
        policy.base,
        tokenizer,
        prompts,
        max_new_tokens=40,
        temperature=TEMPERATURE,
        batch_size=7,
        seed=4,
        titles=titles,
    )


def quoting(sft_model: Any) -> tuple[PolicyWithValue, Any]:
    """A policy that opens and closes quotes often."""
    model, tokenizer = sft_model()
    policy = PolicyWithValue(model, TEMPERATURE)
    head = policy.base.get_output_embeddings()
    head.register_forward_hook(lambda module, inputs, logits: boosted(logits, tokenizer))
    return policy, tokenizer


def boosted(logits: torch.Tensor, tokenizer: Any) -> torch.Tensor:
    logits = logits.clone()
    logits[..., tokenizer.encode('"')[0]] += 8
    return logits


def allowed_step_by_step(
    titles: PromptTitles, row: int, prompt: Any, tokens: Any, width: int
) -> torch.Tensor:
    """What the processor of generation lets through before each token: (T, width) bool."""
    processor, steps = titles.processor([row], len(prompt)), []
    for place in range(len(tokens)):
        ids = torch.cat([prompt, tokens[:place]])[None]
        steps.append(torch.isfinite(processor(ids, torch.zeros(1, width))[0]))
    return torch.stack(steps)


@torch.no_grad()
def test_probabilities_are_shared_among_the_tokens_that_could_come(
    sft_model: Any, constraint: TitleConstraint
) -> None:
    policy, tokenizer = quoting(sft_model)
    prompts, titles = COLUMNS["prompt"], constraint.of(COLUMNS["question"])
    batch = draw(policy, tokenizer, prompts, titles)
    log_probs, _, entropy = score_tokens(policy, batch, batch_size=5)
    forbidden = 0
    for row in range(len(prompts)):
        prompt = batch["prompt_ids"][row][batch["prompt_mask"][row]]
        mask = batch["completion_mask"][row]
        tokens = batch["completion_ids"][row][mask]
        logits = policy.policy(input_ids=torch.cat([prompt, tokens])[None]).logits
        logits = logits[0, len(prompt) - 1 : -1] / TEMPERATURE
        width = logits.shape[1]
        allowed = allowed_step_by_step(titles, row, prompt, tokens, width)
        bits = unpacked(batch["completion_allowed"][row][mask], width)
        assert torch.equal(bits, allowed)
        for place, token in enumerate(tokens.tolist()):
            own = logits[place][allowed[place]].log_softmax(-1)
            expected = own[int(allowed[place][:token].sum())]
            assert log_probs[row, place].item() == pytest.approx(expected.item(), abs=1e-4)
            expected = -(own.exp() * own).sum()
            assert entropy[row, place].item() == pytest.approx(expected.item(), abs=1e-4)
            forbidden += int((~allowed[place]).sum())
    assert forbidden > 1000
    assert unpacked(batch["completion_allowed"], width)[~batch["completion_mask"]].all()


@torch.no_grad()
def test_completions_quote_titles_of_their_own_prompt(
    sft_model: Any, constraint: TitleConstraint
) -> None:
    policy, tokenizer = quoting(sft_model)
    quoted = {}
    for name, titles in (("held", constraint.of(COLUMNS["question"])), ("free", None)):
        batch = draw(policy, tokenizer, COLUMNS["prompt"], titles)
        texts = tokenizer.batch_decode(batch["completion_ids"], skip_special_tokens=True)
        quoted[name] = [set(QUOTED.findall(text)) for text in texts]
    assert "completion_allowed" not in batch
    titles_of = [set(QUOTED.findall(question)) for question in COLUMNS["question"]]
    pairs = list(zip(quoted["held"], titles_of, strict=True))
    assert all(found <= own for found, own in pairs if own)
    assert sum(bool(found) for found, own in pairs if own) > 4
    free = zip(quoted["free"], titles_of, strict=True)
    assert not all(found <= own for found, own in free if own)


def wordy(completions: list[str], **columns: Any) -> list[Score]:
    """The share of letters, of 40."""
    return [min(sum(c.isalpha() for c in text), 40) / 40 for text in completions]


def test_training_and_validation_are_held_and_start_on_policy(
    sft_model: Any, constraint: TitleConstraint, tmp_path: Path
) -> None:
    model, tokenizer = sft_model()
    model.get_base_model().get_output_embeddings().register_forward_hook(
        lambda module, inputs, logits: boosted(logits, tokenizer)
    )
    seen: list[list[str]] = []
    expected: list[list[str]] = []

    def listening(completions: list[str], **columns: Any) -> list[Score]:
        seen.extend(QUOTED.findall(text) for text in completions)
        expected.extend(QUOTED.findall(question) for question in columns["question"])
        return wordy(completions)

    config = PPOSettings(
        iterations=2,
        rollout_batch_size=8,
        samples_per_prompt=2,
        minibatch_size=16,
        micro_batch_size=8,
        max_new_tokens=24,
        temperature=TEMPERATURE,
        value_warmup_iterations=0,
        learning_rate=1e-3,
        constrained_decoding=True,
    )
    trainer = PPOTrainer(
        model, tokenizer, COLUMNS, COLUMNS, listening, config, tmp_path, 1, constraint=constraint
    )
    trainer.train()
    assert len(seen) == 2 * len(QUESTIONS * 8) + 2 * 16  # two validations, two iterations
    pairs = list(zip(seen, expected, strict=True))
    assert all(set(found) <= set(own) for found, own in pairs if own)
    validated = pairs[: len(QUESTIONS * 8)]
    assert all(found for found, own in validated if own)  # free, it would say quotes alone
    assert sum(bool(found) for found, own in pairs if own) > len(validated)
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    first, second = [line for line in lines if "kl" in line]
    assert first["kl"] == 0.0
    assert second["kl"] > 0
    # One step an iteration: the policy that is updated is the one that sampled.
    assert max(abs(first["update_kl"]), abs(second["update_kl"])) < 1e-6


def test_a_missing_grammar_is_told(sft_model: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="give a constraint"):
        PPOTrainer(*sft_model(), COLUMNS, COLUMNS, wordy, PPOSettings(), tmp_path)
