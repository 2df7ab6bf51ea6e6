"""A merged checkpoint, loaded by stock classes alone, against the adapter it was made of."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from scipy.stats import chisquare
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    Gemma3TextConfig,
    LogitsProcessorList,
    PhiConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from rl_explain.errors import UserError
from rl_explain.explainer.explainer import Explainer
from rl_explain.explainer.generation import encode
from rl_explain.export.merge import save_merged
from rl_explain.pipeline.run import Run
from rl_explain.tasks.tokens import contribution_token, item_token, user_token

PROMPTS = [
    f'History: {item_token(3)} "Iron Tide" {user_token(4)} Item: {item_token(7)} "Iron Tide 7"',
    f"{item_token(1)} {contribution_token(user_token(2), 1)} because of {user_token(2)}",
    'The recommender puts "Copper Lantern 3" high for this user',
]
Stock = tuple[PreTrainedModel, PreTrainedTokenizerBase]


@pytest.fixture(scope="module")
def explainer(run_folder: Path) -> Explainer:
    return Run.open(run_folder).explainer("ppo")


@pytest.fixture(scope="module")
def merged(run_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Stock:
    folder = tmp_path_factory.mktemp("merged")
    save_merged(Run.open(run_folder).explainer("ppo"), folder)
    return AutoModelForCausalLM.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(
        folder
    )


def prompts(explainer: Explainer) -> list[str]:
    """Real questions about stored states, and plain texts."""
    questions = [
        explainer.prompts.explanation((0, 3, 5), 8, 1, form, user_token(1))
        for form in ("behaviour", "intention", "hybrid")
    ]
    return [*questions, *PROMPTS]


def stock_inputs(merged: Stock, texts: list[str]) -> dict[str, torch.Tensor]:
    """What a user without this project writes: the tokenizer's chat template."""
    _, tokenizer = merged
    chats = [[{"role": "user", "content": text}] for text in texts]
    return tokenizer.apply_chat_template(
        chats, add_generation_prompt=True, padding=True, return_tensors="pt", return_dict=True
    )


def stock_texts(merged: Stock, texts: list[str], **options: object) -> list[str]:
    model, tokenizer = merged
    batch = stock_inputs(merged, texts)
    ids = model.generate(**batch, **options)[:, batch["input_ids"].shape[1] :]
    return [text.strip() for text in tokenizer.batch_decode(ids, skip_special_tokens=True)]


def log_probabilities(explainer: Explainer, texts: list[str]) -> torch.Tensor:
    """The adapter's, of the token behind each text: (texts, base vocabulary)."""
    batch = encode(explainer.tokenizer, texts, explainer.model)
    with torch.no_grad():
        return explainer.model(**batch).logits[:, -1].log_softmax(-1)


def processed(merged: Stock, texts: list[str]) -> torch.Tensor:
    """The merged model's log-probabilities as generation sees them, by its own settings."""
    model, tokenizer = merged
    batch = tokenizer(texts, return_tensors="pt", padding=True)
    with torch.no_grad():
        scores = model(**batch).logits[:, -1]
    processors: LogitsProcessorList = model._get_logits_processor(model.generation_config)
    return processors(batch["input_ids"], scores)


def test_it_is_an_ordinary_checkpoint(explainer: Explainer, merged: Stock) -> None:
    model, tokenizer = merged
    base = explainer.model.get_input_embeddings().first_id
    virtual = range(base, len(explainer.tokenizer))
    embedding, head = model.get_input_embeddings().weight, model.get_output_embeddings().weight
    assert model.config.vocab_size == len(tokenizer) == len(embedding) == len(head) == virtual.stop
    assert not model.config.tie_word_embeddings and embedding.data_ptr() != head.data_ptr()
    assert type(model).__module__.startswith("transformers.")
    assert head[base:].abs().max() == 0 < head[:base].abs().max()
    assert model.generation_config.suppress_tokens == list(virtual)
    assert model.generation_config.renormalize_logits is True
    assert not model.generation_config.do_sample
    assert not [name for name, _ in model.named_parameters() if "lora" in name or "conn" in name]


def test_the_tokenizer_gives_the_same_ids(explainer: Explainer, merged: Stock) -> None:
    texts = prompts(explainer)
    expected = encode(explainer.tokenizer, explainer.format(texts), explainer.model)
    found = stock_inputs(merged, texts)
    assert torch.equal(found["input_ids"], expected["input_ids"])
    assert torch.equal(found["attention_mask"], expected["attention_mask"])


def test_greedy_texts_are_the_adapters(explainer: Explainer, merged: Stock) -> None:
    texts = prompts(explainer)
    expected = [answers[0] for answers in explainer.generate(texts, max_new_tokens=40)]
    assert stock_texts(merged, texts, max_new_tokens=40) == expected
    assert len(set(expected)) > 3


def test_it_answers_as_long_as_the_explainer_does(explainer: Explainer, merged: Stock) -> None:
    texts = prompts(explainer)
    assert stock_texts(merged, texts) == [answers[0] for answers in explainer.generate(texts)]


def test_beams_are_the_adapters(explainer: Explainer, merged: Stock) -> None:
    texts = prompts(explainer)
    beams = {"num_beams": 4, "num_return_sequences": 4, "max_new_tokens": 15}
    expected = [text for answers in explainer.generate(texts, **beams) for text in answers]
    assert stock_texts(merged, texts, **beams) == expected


def test_log_probabilities_are_the_adapters_over_the_base_vocabulary(
    explainer: Explainer, merged: Stock
) -> None:
    model, tokenizer = merged
    texts = explainer.format(prompts(explainer))
    expected = log_probabilities(explainer, texts)
    with torch.no_grad():
        logits = model(**tokenizer(texts, return_tensors="pt", padding=True)).logits[:, -1]
    sliced = logits[:, : expected.shape[1]].log_softmax(-1)
    torch.testing.assert_close(sliced, expected, atol=1e-5, rtol=1e-5)
    # A zero row is a logit of 0, so unsuppressed virtual tokens would take part.
    whole = logits.log_softmax(-1)
    assert (whole[:, expected.shape[1] :].exp().sum(-1) > 0.01).all()


def test_generation_sees_the_adapters_probabilities(explainer: Explainer, merged: Stock) -> None:
    texts = explainer.format(prompts(explainer))
    expected = log_probabilities(explainer, texts)
    found = processed(merged, texts)
    torch.testing.assert_close(found[:, : expected.shape[1]], expected, atol=1e-5, rtol=1e-5)
    assert (found[:, expected.shape[1] :] == -torch.inf).all()


def test_samples_have_the_adapters_frequencies(explainer: Explainer, merged: Stock) -> None:
    """First tokens of 4,000 samples against the adapter's own probabilities (Pearson)."""
    model, tokenizer = merged
    draws = 4000
    text = explainer.format(PROMPTS[:1])
    expected = log_probabilities(explainer, text)[0].double().exp().numpy()
    batch = tokenizer(text, return_tensors="pt")
    sampling = {"do_sample": True, "temperature": 1.0, "top_k": 0, "max_new_tokens": 1}
    with torch.random.fork_rng():
        torch.manual_seed(3)
        ids = model.generate(**batch, **sampling, num_return_sequences=draws)[:, -1]
    counts = torch.bincount(ids, minlength=len(tokenizer)).numpy()
    assert counts[len(expected) :].sum() == 0
    often = expected * draws >= 5  # the rule of thumb for the test; the rest is one cell
    cells = [counts[: len(expected)][often], expected[often] * draws]
    found, wanted = ([*cell, draws - cell.sum()] for cell in cells)
    assert len(found) > 10
    assert chisquare(found, wanted).pvalue > 0.01


OTHER_BASES = {
    # Its embedding scales what it looks up, and its head is tied.
    "scaled": Gemma3TextConfig(num_key_value_heads=1, head_dim=16, tie_word_embeddings=True),
    # Its head has a bias, and rows of its own.
    "biased": PhiConfig(num_key_value_heads=2, tie_word_embeddings=False),
}


@pytest.mark.parametrize("name", OTHER_BASES)
def test_bases_that_scale_or_shift(
    random_base: Path, make_run: Callable[..., Path], tmp_path: Path, name: str
) -> None:
    base, tokenizer = tmp_path / "base", AutoTokenizer.from_pretrained(random_base)
    config = OTHER_BASES[name]
    config.update(
        {
            "vocab_size": len(tokenizer) + 5,
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "layer_types": ["full_attention"] * 2,
            "initializer_range": 0.2,
            "pad_token_id": tokenizer.pad_token_id,
            "eos_token_id": tokenizer.eos_token_id,
        }
    )
    model = AutoModelForCausalLM.from_config(config)
    for weight in model.parameters():  # biases start at zero
        weight.data += 0.1 * torch.randn(weight.shape)
    model.save_pretrained(base)
    tokenizer.save_pretrained(base)
    run = make_run(tmp_path / "run", ("sft",), str(base))
    explainer = Run.open(run).explainer("sft")
    texts = explainer.format(prompts(explainer))
    expected = log_probabilities(explainer, texts)
    save_merged(explainer, tmp_path / "merged")
    stock = AutoModelForCausalLM.from_pretrained(tmp_path / "merged").eval()
    found = processed((stock, AutoTokenizer.from_pretrained(tmp_path / "merged")), texts)
    torch.testing.assert_close(found[:, : expected.shape[1]], expected, atol=1e-4, rtol=1e-4)


def test_the_number_type_is_the_bases(make_run: Callable[..., Path], tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", ("sft",), dtype="bfloat16")
    explainer = Run.open(run).explainer("sft")
    texts = explainer.format(prompts(explainer))
    expected = log_probabilities(explainer, texts).float()
    save_merged(explainer, tmp_path / "merged")
    stock = AutoModelForCausalLM.from_pretrained(tmp_path / "merged").eval()
    assert {weight.dtype for weight in stock.parameters()} == {torch.bfloat16}
    found = processed((stock, AutoTokenizer.from_pretrained(tmp_path / "merged")), texts)
    found = found[:, : expected.shape[1]].float()
    # bfloat16 keeps eight bits, so weights and sums are rounded to half a hundredth each.
    likely = expected > -6
    torch.testing.assert_close(found[likely], expected[likely], atol=0.3, rtol=0)


def test_an_embedding_that_does_more_is_refused(run_folder: Path, tmp_path: Path) -> None:
    explainer = Run.open(run_folder).explainer("sft")
    embedding = explainer.model.get_input_embeddings()
    kind = type(embedding)
    embedding.__class__ = type("Shifted", (kind,), {"forward": lambda s, i: kind.forward(s, i) + 1})
    with pytest.raises(UserError, match=r"export without --merge"):
        save_merged(explainer, tmp_path)
