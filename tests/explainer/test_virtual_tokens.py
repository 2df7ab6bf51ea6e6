"""Virtual tokens: ids above the head, embeddings from the tables, everything else untouched."""

from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

from rl_explain.config.settings import ModelConfig
from rl_explain.errors import UserError
from rl_explain.explainer.connectors import Connector
from rl_explain.explainer.language_model import add_adapter, freeze_connectors, load_base
from rl_explain.explainer.virtual_tokens import NUM_SLOTS, extend_tokenizer, fill_slots
from rl_explain.tasks.tokens import contribution_token, item_token, slot_token, user_token

ITEMS, STATES, PLACES, DIM = 7, 3, 2, 8


@pytest.fixture
def tables() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(ITEMS, DIM, generator=generator), torch.randn(
        STATES, 1 + PLACES, DIM, generator=generator
    )


def test_connector_starts_as_a_scaled_copy_beside_a_constant() -> None:
    embeddings = torch.randn(5, DIM)
    out = Connector(DIM, 20, norm=3.0)(embeddings)
    scale = 3.0 / 5**0.5  # of embedding to constant 1 to 2, so to the whole 1 to the root of 5
    torch.testing.assert_close(out[:, :DIM], embeddings * scale / DIM**0.5, atol=1e-6, rtol=1e-5)
    assert torch.equal(out[:, DIM:-1], torch.zeros(5, 19 - DIM))
    torch.testing.assert_close(out[:, -1], torch.full((5,), 2 * scale))
    unit = embeddings / embeddings.pow(2).mean(1, keepdim=True).sqrt()
    torch.testing.assert_close(Connector(DIM, 20, 3.0)(unit).norm(dim=1), torch.full((5,), 3.0))


def test_connector_lets_sizes_survive_a_norm() -> None:
    """Of one direction, the longer embedding keeps more of the length that a norm leaves."""
    direction = torch.nn.functional.normalize(torch.randn(DIM), dim=0)
    sizes = torch.tensor([0.5, 1.0, 2.0, 4.0])
    out = Connector(DIM, 20, norm=1.0)(sizes[:, None] * direction)
    along = torch.nn.functional.normalize(out, dim=1)[:, :DIM] @ direction
    assert (along.diff() > 0.05).all()


def test_a_narrow_model_has_no_room_for_the_constant() -> None:
    embeddings = torch.randn(5, DIM)
    out = Connector(DIM, DIM, norm=3.0)(embeddings)
    torch.testing.assert_close(out, embeddings * 3.0 / DIM**0.5, atol=1e-6, rtol=1e-5)


def test_ids_start_where_the_head_ends(random_base: Path, tables: tuple) -> None:
    plain = AutoTokenizer.from_pretrained(random_base)
    model, tokenizer = load_base(str(random_base), "float32", *tables)
    rows = model.get_output_embeddings().weight.shape[0]
    assert len(plain) < rows == model.config.vocab_size  # the case that needs fillers
    last = user_token(STATES - 1)
    text = f"{item_token(0)}{slot_token(0)}{last}{contribution_token(last, PLACES - 1)}"
    last_user = rows + ITEMS + (NUM_SLOTS + STATES - 1) * (1 + PLACES)
    assert tokenizer.encode(text) == [rows, rows + ITEMS, last_user, last_user + PLACES]


def test_embeddings_come_from_embedding_tables_and_ordinary_ids_from_the_base(
    random_base: Path, tables: tuple
) -> None:
    plain = AutoModelForCausalLM.from_pretrained(random_base)
    model, tokenizer = load_base(str(random_base), "float32", *tables)
    embedding = model.get_input_embeddings()
    contribution = contribution_token(user_token(2), 1)
    text = f"The {item_token(4)} and {user_token(2)} by {contribution}"
    ids = tokenizer(text, return_tensors="pt").input_ids
    out = embedding(ids)[0]
    ordinary = ids[0] < plain.config.vocab_size
    expected = plain.get_input_embeddings()(ids[0][ordinary])
    assert torch.equal(out[ordinary], expected)
    item, user, part = out[~ordinary]
    torch.testing.assert_close(item, embedding.item_connector(tables[0][4]))
    torch.testing.assert_close(user, embedding.user_connector(tables[1][2, 0]))
    torch.testing.assert_close(part, embedding.user_connector(tables[1][2, 2]))


def test_weights_stay_tied_and_the_head_keeps_its_rows(random_base: Path, tables: tuple) -> None:
    model, _ = load_base(str(random_base), "float32", *tables)
    assert model.get_output_embeddings().weight is model.get_input_embeddings().weight


def test_virtual_tokens_are_never_written(random_base: Path, tables: tuple) -> None:
    model, tokenizer = load_base(str(random_base), "float32", *tables)
    batch = tokenizer([f"{item_token(1)} {user_token(0)} The"], return_tensors="pt")
    settings = GenerationConfig(
        max_new_tokens=40, do_sample=True, temperature=50.0, top_k=0, pad_token_id=0
    )
    torch.manual_seed(0)
    out = model.generate(**batch, generation_config=settings, num_return_sequences=8)
    written = out[:, batch.input_ids.shape[1] :]
    assert written.max() < model.config.vocab_size


def test_slots_hold_new_users(random_base: Path, tables: tuple) -> None:
    model, tokenizer = load_base(str(random_base), "float32", *tables)
    new = torch.randn(2, 1 + PLACES, DIM)
    fill_slots(model, new)
    text = slot_token(1) + contribution_token(slot_token(1), 0)
    ids = tokenizer(text, return_tensors="pt").input_ids
    embedding = model.get_input_embeddings()
    torch.testing.assert_close(embedding(ids)[0], embedding.user_connector(new[1, :2]))


def test_a_tokenizer_of_another_model_is_refused(random_base: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(random_base)
    with pytest.raises(UserError, match=r"has .* tokens but the model only 10"):
        extend_tokenizer(tokenizer, 10, ITEMS, STATES)


def test_adapter_trains_lora_and_connectors_alone(random_base: Path, tables: tuple) -> None:
    model, _ = load_base(str(random_base), "float32", *tables)
    tuned = add_adapter(model, ModelConfig(lora_rank=2), seed=0)
    trained = {name for name, weight in tuned.named_parameters() if weight.requires_grad}
    assert trained
    assert all("lora_" in n or "connector.modules_to_save.default" in n for n in trained)
    assert sum("item_connector" in n for n in trained) == 4


def test_frozen_connectors_leave_lora_alone_to_train(random_base: Path, tables: tuple) -> None:
    model, _ = load_base(str(random_base), "float32", *tables)
    tuned = add_adapter(model, ModelConfig(lora_rank=2), seed=0)
    freeze_connectors(tuned)
    trained = {name for name, weight in tuned.named_parameters() if weight.requires_grad}
    assert trained and all("lora_" in name for name in trained)


def test_frozen_connectors_get_no_gradient_after_a_switch_of_adapters(
    random_base: Path, tables: tuple
) -> None:
    model, tokenizer = load_base(str(random_base), "float32", *tables)
    tuned = add_adapter(model, ModelConfig(lora_rank=2), seed=0)
    freeze_connectors(tuned)
    tuned.add_adapter("reference", tuned.peft_config["default"])
    for adapter in ("reference", "default"):  # after which peft lets connectors train again
        tuned.set_adapter(adapter)
    ids = tokenizer(f"{item_token(1)} The user", return_tensors="pt").input_ids
    labels = ids.masked_fill(ids >= tuned.get_input_embeddings().first_id, -100)
    tuned(input_ids=ids, labels=labels).loss.backward()
    # They would count in the length that gradients are cut to.
    moved = {n for n, w in tuned.named_parameters() if w.grad is not None}
    assert any("lora_" in name for name in moved)
    assert not any("connector" in name for name in moved)


def test_gradients_reach_connectors_through_a_forward_without_virtual_tokens(
    random_base: Path, tables: tuple
) -> None:
    model, tokenizer = load_base(str(random_base), "float32", *tables)
    tuned = add_adapter(model, ModelConfig(lora_rank=2), seed=0)
    ids = tokenizer("The user", return_tensors="pt").input_ids
    tuned(input_ids=ids, labels=ids).loss.backward()
    grads = [w.grad for n, w in tuned.named_parameters() if "connector" in n and w.requires_grad]
    assert all(grad is not None for grad in grads)  # or sharded training would hang
