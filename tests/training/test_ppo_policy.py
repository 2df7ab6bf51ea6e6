"""Rollouts, policy with value head and reference, against plain forward passes."""

from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from torch import Tensor
from transformers import AutoConfig, AutoModelForCausalLM, GenerationConfig

from rl_explain.errors import UserError
from rl_explain.explainer.generation import completion_mask
from rl_explain.training.ppo.experience import build_experience, score_tokens
from rl_explain.training.ppo.learning_signal import Signal
from rl_explain.training.ppo.losses import token_log_probs
from rl_explain.training.ppo.reference import add_reference, as_reference
from rl_explain.training.ppo.rollout import Batch, has_ended, sample, select
from rl_explain.training.ppo.settings import PPOSettings
from rl_explain.training.ppo.value_head import PolicyWithValue

PROMPTS = [
    "The recommender <|item_1|>",
    'History: "Copper Lantern" <|item_3|> <|user_2|>',
    "Give",
    "No. because of <|item_0|> and both",
]
TEMPERATURE = 1.7
HOSTILE = {
    "top_k": 2,
    "top_p": 0.1,
    "min_p": 0.4,
    "temperature": 0.2,
    "repetition_penalty": 9.0,
    "no_repeat_ngram_size": 1,
    "min_new_tokens": 9,
    "suppress_tokens": list(range(2, 200)),
    "use_cache": False,
}
"""Settings of a model's own that would each change the distribution, or only slow it down."""


def make_policy(sft_model: Any, shared_prompts: bool = False) -> tuple[PolicyWithValue, Any]:
    model, tokenizer = sft_model()
    policy = PolicyWithValue(model, TEMPERATURE, shared_prompts)
    torch.manual_seed(1)
    torch.nn.init.normal_(policy.value_head.weight)
    return policy, tokenizer


def draw(policy: PolicyWithValue, tokenizer: Any, prompts: list[str], tokens: int = 9) -> Batch:
    return sample(
        policy.base,
        tokenizer,
        prompts,
        max_new_tokens=tokens,
        temperature=TEMPERATURE,
        batch_size=3,
        seed=0,
    )


def plain_pass(policy: PolicyWithValue, batch: Batch, row: int) -> tuple[Tensor, Tensor]:
    """Log-probabilities and values of one completion, from the whole unpadded text."""
    prompt = batch["prompt_ids"][row][batch["prompt_mask"][row]]
    tokens = batch["completion_ids"][row][batch["completion_mask"][row]]
    out = policy.policy(input_ids=torch.cat([prompt, tokens])[None], output_hidden_states=True)
    before = slice(len(prompt) - 1, -1)
    log_probs = (out.logits[0, before] / TEMPERATURE).log_softmax(-1)
    values = policy.value_head(out.hidden_states[-1][0, before])
    return log_probs.gather(1, tokens[:, None])[:, 0], values[:, 0]


@pytest.mark.parametrize("shared", [False, True])
@torch.no_grad()
def test_log_probabilities_and_values_are_those_of_plain_unpadded_passes(
    sft_model: Any, shared: bool
) -> None:
    policy, tokenizer = make_policy(sft_model, shared)
    batch = draw(policy, tokenizer, PROMPTS + PROMPTS[::-1])
    log_probs, values, _ = score_tokens(policy, batch, batch_size=3)
    for row in range(2 * len(PROMPTS)):
        expected = plain_pass(policy, batch, row)
        mask = batch["completion_mask"][row]
        torch.testing.assert_close(log_probs[row][mask], expected[0], rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(values[row][mask], expected[1], rtol=1e-4, atol=1e-5)
        assert not log_probs[row][~mask].any()


@torch.no_grad()
def test_samples_follow_the_distribution_that_is_scored(sft_model: Any) -> None:
    """Pearson's chi-square of 6,000 first tokens against the scored probabilities."""
    policy, tokenizer = make_policy(sft_model)
    policy.base.generation_config = GenerationConfig(**HOSTILE)
    prompt, count = PROMPTS[1], 6000
    drawn = sample(
        policy.base,
        tokenizer,
        [prompt] * count,
        max_new_tokens=1,
        temperature=TEMPERATURE,
        batch_size=count,
        seed=0,
    )
    one = select(drawn, torch.tensor([0]))
    logits, _ = policy(**one)
    expected = count * logits[0, 0].softmax(-1)
    observed = drawn["completion_ids"][:, 0].bincount(minlength=len(expected))
    common = expected >= 5
    statistic = ((observed - expected) ** 2 / expected)[common].sum()
    freedom = int(common.sum())
    assert freedom > 50
    assert statistic < freedom + 5 * (2 * freedom) ** 0.5
    assert observed[~common].sum() < expected[~common].sum() + 5 * expected[~common].sum().sqrt()


@torch.no_grad()
def test_shared_prompts_change_no_sample(sft_model: Any) -> None:
    policy, tokenizer = make_policy(sft_model)
    settings: dict[str, Any] = {"max_new_tokens": 9, "temperature": 0.7, "batch_size": 6, "seed": 3}
    prompts = [prompt for prompt in PROMPTS for _ in range(3)]
    plain = sample(policy.base, tokenizer, prompts, **settings)
    rows: list[int] = []
    hook = policy.base.get_input_embeddings().register_forward_hook(
        lambda module, inputs, output: rows.append(len(inputs[0]))
    )
    shared = sample(policy.base, tokenizer, prompts, **settings, shared_prompts=True)
    hook.remove()
    assert min(rows) == 2
    for name, values in plain.items():
        assert torch.equal(shared[name], values)


@torch.no_grad()
def test_surprise_of_long_samples_is_their_entropy(sft_model: Any) -> None:
    """At every step E[-log p] is the entropy, so their difference has mean 0 over completions."""
    policy, tokenizer = make_policy(sft_model)
    policy.base.generation_config = GenerationConfig(**HOSTILE)
    batch = sample(
        policy.base,
        tokenizer,
        PROMPTS * 100,
        max_new_tokens=12,
        temperature=TEMPERATURE,
        batch_size=400,
        seed=0,
    )
    log_probs, _, entropy = score_tokens(policy, batch, batch_size=100)
    difference = (-log_probs - entropy).sum(1)
    assert difference.mean().abs() < 4 * difference.std() / len(difference) ** 0.5
    assert entropy[batch["completion_mask"]].min() > 1  # a sharp distribution would test nothing


def test_sampling_leaves_generator_and_generation_settings_alone(sft_model: Any) -> None:
    policy, tokenizer = make_policy(sft_model)
    own = policy.base.generation_config
    state = torch.get_rng_state()
    first, second = (draw(policy, tokenizer, PROMPTS) for _ in range(2))
    assert policy.base.generation_config is own
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(first["completion_ids"], second["completion_ids"])


def test_completions_end_with_the_first_end_token() -> None:
    ids = torch.tensor([[5, 1, 1, 1], [5, 6, 7, 8], [1, 4, 1, 0]])  # padding may be the end token
    mask = completion_mask(ids, eos_token_id=1)
    assert mask.tolist() == [[True, True, False, False], [True] * 4, [True, False, False, False]]
    batch = {"completion_ids": ids, "completion_mask": mask}
    assert has_ended(batch, 1).tolist() == [True, False, True]


def test_selected_rows_lose_their_padding() -> None:
    batch = {
        "prompt_ids": torch.tensor([[0, 0, 3], [4, 5, 6]]),
        "prompt_mask": torch.tensor([[False, False, True], [True, True, True]]),
        "completion_ids": torch.tensor([[7, 0], [8, 9]]),
        "completion_mask": torch.tensor([[True, False], [True, True]]),
        "values": torch.tensor([[0.5, 0.0], [1.0, 2.0]]),
    }
    one = select(batch, torch.tensor([0]))
    assert one["prompt_ids"].tolist() == [[3]]
    assert one["completion_ids"].tolist() == [[7]]
    assert one["values"].tolist() == [[0.5]]


def test_dropout_stays_off_in_training_mode(sft_model: Any) -> None:
    policy, tokenizer = make_policy(sft_model)
    batch = draw(policy, tokenizer, PROMPTS)
    policy.train()
    assert not any(module.training for module in policy.modules())
    assert torch.equal(policy(**batch)[0], policy(**batch)[0])


def test_vocabulary_logits_are_computed_before_completion_tokens_alone(sft_model: Any) -> None:
    policy, tokenizer = make_policy(sft_model)
    batch = draw(policy, tokenizer, PROMPTS)
    shapes: list[tuple[int, ...]] = []
    policy.base.get_output_embeddings().register_forward_hook(
        lambda module, inputs, output: shapes.append(tuple(output.shape[:2]))
    )
    policy(**batch)
    assert shapes == [tuple(batch["completion_ids"].shape)]


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("gpt2", {"n_embd": 16, "n_layer": 2, "n_head": 2}),  # absolute positions
        ("gemma2", {"head_dim": 8, "final_logit_softcapping": 1.5, "sliding_window": 4}),
        ("bloom", {"hidden_size": 16, "n_layer": 2, "n_head": 2}),  # no position ids
        ("opt", {"word_embed_proj_dim": 8, "ffn_dim": 16}),  # the head is narrower than the trunk
    ],
)
@torch.no_grad()
def test_any_causal_model(kind: str, settings: dict[str, Any]) -> None:
    small = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2}
    heads = {"num_attention_heads": 2, "num_key_value_heads": 1}
    own = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 1}
    shape = small | heads if kind in ("gemma2", "opt") else {}
    torch.manual_seed(0)
    base = AutoModelForCausalLM.from_config(
        AutoConfig.for_model(kind, vocab_size=50, **shape | own | settings)
    )
    model = get_peft_model(base, LoraConfig(r=2, target_modules="all-linear"))
    policy = PolicyWithValue(model, TEMPERATURE)
    batch = {
        "prompt_ids": torch.tensor([[0, 0, 7, 9], [5, 8, 3, 2]]),
        "prompt_mask": torch.tensor([[False, False, True, True], [True] * 4]),
        "completion_ids": torch.tensor([[11, 12, 1, 0], [13, 14, 15, 16]]),
        "completion_mask": torch.tensor([[True, True, True, False], [True] * 4]),
    }
    log_probs, _, _ = score_tokens(policy, batch, batch_size=2)
    for row in range(2):
        prompt = batch["prompt_ids"][row][batch["prompt_mask"][row]]
        tokens = batch["completion_ids"][row][batch["completion_mask"][row]]
        logits = policy.policy(input_ids=torch.cat([prompt, tokens])[None]).logits
        expected = token_log_probs(logits[:, len(prompt) - 1 : -1] / TEMPERATURE, tokens[None])[0]
        actual = log_probs[row][batch["completion_mask"][row]]
        torch.testing.assert_close(actual, expected, rtol=1e-4, atol=1e-5)


def adapter_weights(policy: PolicyWithValue, name: str) -> dict[str, Tensor]:
    named = policy.policy.named_parameters()
    return {n.replace(name, "*"): w for n, w in named if f".{name}." in n}


def test_reference_is_a_frozen_copy_of_lora_and_connectors(sft_model: Any) -> None:
    policy, _ = make_policy(sft_model)
    add_reference(policy.policy)
    own, copy = (adapter_weights(policy, name) for name in ("default", "reference"))
    assert own.keys() == copy.keys()
    assert {n.split(".")[-5] for n in copy if "connector" in n} == {
        "item_connector",
        "user_connector",
    }
    assert all(torch.equal(own[n], copy[n]) for n in own)
    assert not any(w.requires_grad for w in copy.values())
    with as_reference(policy.policy):
        assert not any(w.requires_grad for w in policy.policy.parameters())
    assert all(w.requires_grad for w in own.values())


@torch.no_grad()
def test_reference_switches_lora_and_connectors(sft_model: Any) -> None:
    """Moving either part of the policy leaves the reference where it was."""
    policy, tokenizer = make_policy(sft_model)
    add_reference(policy.policy)
    batch = draw(policy, tokenizer, PROMPTS[:2])  # both read virtual tokens
    before = policy(**batch)[0]
    for part in ("lora_", "connector"):
        for name, weight in adapter_weights(policy, "default").items():
            if part in name:
                weight += 0.1
        moved = policy(**batch)[0]
        with as_reference(policy.policy):
            assert torch.equal(policy(**batch)[0], before)
        assert not torch.equal(moved, before)


def test_kl_at_the_start_is_exactly_zero(sft_model: Any) -> None:
    policy, tokenizer = make_policy(sft_model)
    add_reference(policy.policy)
    batch = draw(policy, tokenizer, PROMPTS)
    config = PPOSettings(kl_coef=5.0, micro_batch_size=2, minibatch_size=2)
    experience, figures = build_experience(
        policy, batch, Signal(torch.ones(4), None, None), 5.0, config
    )
    assert figures["kl"] == 0.0
    # So each token's reward is the score at the last token and 0 before, whatever kl_coef is.
    last = experience["completion_mask"].sum(1, keepdim=True) - 1
    error = experience["returns"].gather(1, last) - 1
    torch.testing.assert_close(error, torch.zeros(4, 1), atol=1e-5, rtol=0)


def test_a_second_reference_is_refused(sft_model: Any, tmp_path: Path) -> None:
    policy, _ = make_policy(sft_model)
    add_reference(policy.policy)
    with pytest.raises(UserError, match="'default', 'reference'"):
        add_reference(policy.policy)


def test_shared_prompts_change_no_gradient(sft_model: Any) -> None:
    policy, tokenizer = make_policy(sft_model)
    batch = draw(policy, tokenizer, PROMPTS + PROMPTS)
    passes = []
    gradients = []
    for policy.shared_prompts in (False, True):
        policy.zero_grad()
        hook = policy.base.get_input_embeddings().register_forward_hook(
            lambda module, inputs, output: passes.append(inputs[0].numel())
        )
        logits, values = policy(**batch)
        hook.remove()
        (logits.log_softmax(-1)[..., 5].sum() + values.sum()).backward()
        trained = {n: w.grad for n, w in policy.named_parameters() if w.grad is not None}
        gradients.append({name: grad.clone() for name, grad in trained.items()})
    whole, prompts, completions = passes
    assert prompts + completions < whole
    assert gradients[0].keys() == gradients[1].keys()
    for name, grad in gradients[0].items():
        torch.testing.assert_close(gradients[1][name], grad, rtol=1e-3, atol=1e-4)
