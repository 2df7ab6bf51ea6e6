"""An exported adapter: the same explainer elsewhere, and no more than that for plain `peft`."""

import json
from pathlib import Path

import pytest
import torch
from peft import AutoPeftModelForCausalLM
from safetensors.torch import load_file
from tokenizers import processors
from transformers import AutoModelForCausalLM, AutoTokenizer

from rl_explain.cli import main
from rl_explain.errors import UserError
from rl_explain.explainer.checksums import FILE, write_checksums
from rl_explain.explainer.explainer import MANIFEST, Explainer
from rl_explain.explainer.generation import format_prompt, keep_prompt_format
from rl_explain.explainer.language_model import load_tokenizer
from rl_explain.pipeline.run import Run


@pytest.fixture(scope="module")
def explainer(run_folder: Path) -> Explainer:
    return Run.open(run_folder).explainer("ppo")


@pytest.fixture
def exported(explainer: Explainer, tmp_path: Path) -> Path:
    explainer.save_pretrained(tmp_path / "exported")
    return tmp_path / "exported"


def test_it_explains_as_the_run_does(explainer: Explainer, exported: Path) -> None:
    histories = [list(explainer.catalogue.titles[:4]), list(explainer.catalogue.titles[5:9])]
    there = Explainer.from_pretrained(exported)
    assert there.explain(histories) == explainer.explain(histories)
    prompt = 'Give <|item_3|> "Iron Tide" <|slot_2|> <|slot_2_1|> one'
    assert there.tokenizer(prompt).input_ids == explainer.tokenizer(prompt).input_ids
    assert there.format([prompt]) == explainer.format([prompt])


def test_training_states_stay_behind(explainer: Explainer, exported: Path) -> None:
    there = Explainer.from_pretrained(exported)
    assert len(there.embedding_tables.user_table) == 0 < len(explainer.embedding_tables.user_table)
    assert not any(token.startswith("<|user_") for token in there.tokenizer.get_vocab())


@pytest.mark.parametrize(
    "name", ["adapter_model.safetensors", "catalogue.json", "recommender/config.json"]
)
def test_a_damaged_file_is_named(exported: Path, name: str) -> None:
    path = exported / name
    whole = path.read_bytes()
    path.write_bytes(whole[:-2] + b"!\n")
    with pytest.raises(UserError, match=f"{name} is not what was exported"):
        Explainer.from_pretrained(exported)
    path.unlink()
    with pytest.raises(UserError, match=f"{name} is missing"):
        Explainer.from_pretrained(exported)


def test_an_export_without_checksums_is_refused(exported: Path) -> None:
    (exported / FILE).unlink()
    with pytest.raises(UserError, match="no SHA256SUMS"):
        Explainer.from_pretrained(exported)


@pytest.mark.parametrize(
    ("key", "name"), [("recommender", "recommender"), ("base_fingerprint", "base model")]
)
def test_an_adapter_of_another_base_or_recommender_is_refused(
    exported: Path, key: str, name: str
) -> None:
    manifest = json.loads((exported / MANIFEST).read_text())
    (exported / MANIFEST).write_text(json.dumps(manifest | {key: "0" * 64}))
    write_checksums(exported)
    with pytest.raises(UserError, match=f"belongs to another {name}"):
        Explainer.from_pretrained(exported)


def test_pickled_weights_are_refused(exported: Path) -> None:
    (exported / "adapter_model.safetensors").rename(exported / "adapter_model.bin")
    write_checksums(exported)
    with pytest.raises(UserError, match="save as safetensors"):
        Explainer.from_pretrained(exported)


def test_a_method_of_an_exported_adapter_is_refused(
    exported: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["explain", str(exported), "--history", "Iron Tide 1; Amber Gate 2; Iron Tide 4"]
    assert main([*words, "--method", "ppo"]) == 2
    assert "--method is ppo" in capsys.readouterr().err
    (exported / MANIFEST).write_text('{"base": "tiny", "format": 2}')
    assert main(words) == 2
    assert "explainer.json cannot be read" in capsys.readouterr().err


def test_plain_peft_loads_the_lora_and_nothing_else(
    explainer: Explainer, exported: Path, random_base: Path
) -> None:
    plain = AutoModelForCausalLM.from_pretrained(random_base)
    rows = plain.get_input_embeddings().weight.shape[0]
    # It resizes the base to a tokenizer that it finds beside an adapter.
    tuned = AutoPeftModelForCausalLM.from_pretrained(str(exported))
    saved = load_file(exported / "adapter_model.safetensors")
    loaded = {name.replace(".default", ""): w for name, w in tuned.named_parameters()}
    assert {name for name in saved if "lora_" in name} == {n for n in loaded if "lora_" in n}
    assert all(torch.equal(loaded[name], w) for name, w in saved.items() if "lora_" in name)
    assert any("connector" in name for name in saved)
    assert not any("connector" in name for name in loaded)
    assert tuned.get_input_embeddings().weight.shape[0] == rows
    ids = AutoTokenizer.from_pretrained(random_base)("No. because of both", return_tensors="pt")
    with torch.no_grad():  # without virtual tokens the two are one model
        torch.testing.assert_close(tuned(**ids).logits, explainer.model(**ids).logits)


TEMPLATE = "{% if enable_thinking is not defined or enable_thinking %}think {% endif %}"
TEMPLATE += "{{ bos_token }}{% for m in messages %}{{ m['content'] }}{% endfor %} No:"


@pytest.mark.parametrize("template", [None, TEMPLATE], ids=["plain", "chat"])
@pytest.mark.parametrize("opens", [False, True], ids=["silent", "opens"])
def test_a_stock_tokenizer_writes_prompts_as_they_were_trained(
    random_base: Path, tmp_path: Path, template: str | None, opens: bool
) -> None:
    base = AutoTokenizer.from_pretrained(random_base)
    base.bos_token = "#"
    if opens:
        base.backend_tokenizer.post_processor = processors.TemplateProcessing(
            single="# $A", special_tokens=[("#", base.bos_token_id)]
        )
    base.chat_template = template
    base.save_pretrained(tmp_path / "base")
    ours = load_tokenizer(str(tmp_path / "base"))
    expected = format_prompt(ours, "Give two\nreasons")
    expected_ids = ours(expected).input_ids
    keep_prompt_format(ours)
    ours.save_pretrained(tmp_path / "kept")
    stock = AutoTokenizer.from_pretrained(tmp_path / "kept")
    messages = [{"role": "user", "content": "Give two\nreasons"}]
    ids = stock.apply_chat_template(messages, add_generation_prompt=True)["input_ids"]
    assert (
        stock.apply_chat_template(messages, tokenize=False, add_generation_prompt=True) == expected
    )
    assert ids == expected_ids == stock(expected).input_ids
    assert expected.count("#") == (opens or template is not None) and "think" not in expected
