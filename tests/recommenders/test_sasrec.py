import numpy as np
import pytest
import torch
from torch import Tensor, nn

from rl_explain.errors import UserError
from rl_explain.recommenders.histories import pad_histories
from rl_explain.recommenders.sasrec import Sasrec, SasrecConfig


def build(**shape: float) -> Sasrec:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        options = {"num_items": 30, "dim": 16, "layers": 2, "heads": 2, "max_history": 6}
        model = Sasrec(SasrecConfig(**(options | shape))).eval()
        for parameter in model.parameters():  # also those that start at zero or one
            nn.init.normal_(parameter, std=0.5)
    return model


@pytest.fixture(scope="module")
def model() -> Sasrec:
    return build()


def ids(*histories: tuple[int, ...]) -> Tensor:
    return torch.from_numpy(pad_histories(histories, 6, 30))


def test_the_future_is_never_seen(model: Sasrec) -> None:
    before = model(ids((1, 2, 3, 4, 5, 6)))
    after = model(ids((1, 2, 3, 20, 21, 22)))
    assert torch.equal(before[:, :3], after[:, :3])
    assert not torch.isclose(before[:, 3:], after[:, 3:]).any(dim=-1).all()


def test_every_visible_item_of_the_past_is_seen(model: Sasrec) -> None:
    base = model.encode(ids((1, 2, 3, 4, 5, 6)))
    for place in range(6):
        history = [1, 2, 3, 4, 5, 6]
        history[place] = 20
        assert not torch.allclose(base, model.encode(ids(tuple(history))), atol=1e-3)


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_encoding_computes_the_last_block_at_one_place_alone(layers: int) -> None:
    """Of histories of every length, masked ones too, as the full forward pass has it."""
    model, rng = build(layers=layers), np.random.default_rng(0)
    histories = [tuple(rng.integers(-1, 30, rng.integers(1, 7)).tolist()) for _ in range(60)]
    padded = ids(*[(*history[:-1], 3) for history in histories[:20]], *filter(any_item, histories))
    newest = [np.flatnonzero(row >= 0)[-1] for row in padded.numpy()]
    expected = model(padded)[torch.arange(len(padded)), torch.tensor(newest)]
    torch.testing.assert_close(model.encode(padded), expected, atol=1e-5, rtol=1e-5)


def any_item(history: tuple[int, ...]) -> bool:
    return any(item >= 0 for item in history)


def test_equals_torch_transformer_layers(model: Sasrec) -> None:
    """Each block is a pre-norm `TransformerEncoderLayer`; weights copied, causal mask."""
    full = ids((1, 2, 3, 4, 5, 6), (9, 8, 7, 6, 5, 4))
    x = model.items(full) * 16**0.5 + model.positions
    mask = nn.Transformer.generate_square_subsequent_mask(6)
    for block in model.blocks:
        x = reference_layer(block)(x, src_mask=mask)
    torch.testing.assert_close(model(full), model.norm(x), atol=1e-5, rtol=1e-4)


def reference_layer(block: nn.Module) -> nn.TransformerEncoderLayer:
    layer = nn.TransformerEncoderLayer(16, 2, 16, norm_first=True, batch_first=True).eval()
    norm, first, _, _, second, _ = block.feed_forward
    layer.self_attn.in_proj_weight, layer.self_attn.in_proj_bias = block.qkv.weight, block.qkv.bias
    layer.self_attn.out_proj = block.out
    layer.norm1, layer.norm2 = block.attention_norm, norm
    layer.linear1, layer.linear2 = first, second
    return layer


def test_a_short_and_masked_history_equals_numpy() -> None:
    """One head, one layer, written out for the visible places alone."""
    model = build(heads=1, layers=1)
    weights = {name: value.numpy() for name, value in model.state_dict().items()}
    items, places = [7, 3, 11], [2, 3, 5]  # of (-1, -1, 7, 3, -1, 11)
    x = weights["items.weight"][items] * 4.0 + weights["positions"][places]
    normed = layer_norm(x, weights, "blocks.0.attention_norm")
    qkv = normed @ weights["blocks.0.qkv.weight"].T + weights["blocks.0.qkv.bias"]
    q, k, v = qkv[:, :16], qkv[:, 16:32], qkv[:, 32:]
    share = np.exp(q[-1] @ k.T / 4.0)
    mixed = (share / share.sum()) @ v
    y = x[-1] + mixed @ weights["blocks.0.out.weight"].T + weights["blocks.0.out.bias"]
    inner = layer_norm(y, weights, "blocks.0.feed_forward.0")
    inner = inner @ weights["blocks.0.feed_forward.1.weight"].T
    inner = np.maximum(inner + weights["blocks.0.feed_forward.1.bias"], 0)
    y = y + inner @ weights["blocks.0.feed_forward.4.weight"].T
    y = layer_norm(y + weights["blocks.0.feed_forward.4.bias"], weights, "norm")
    user = model.encode(ids((7, 3, -1, 11))).detach().numpy()[0]
    np.testing.assert_allclose(user, y, atol=1e-4)


def layer_norm(x: np.ndarray, weights: dict[str, np.ndarray], name: str) -> np.ndarray:
    centred = x - x.mean(-1, keepdims=True)
    unit = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5)
    return unit * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def test_padding_changes_nothing_but_the_places_before() -> None:
    """Equal position embeddings: a history of three reads the same whatever its room."""
    roomy, tight = build(), build()
    tight.positions = nn.Parameter(roomy.positions[-3:].clone())
    narrow = torch.from_numpy(pad_histories([(4, 5, 6)], 3, 30))
    torch.testing.assert_close(roomy.encode(ids((4, 5, 6))), tight.encode(narrow))


def test_masking_the_newest_item_reads_the_state_before_it(model: Sasrec) -> None:
    states = model(ids((1, 2, 3, 4, 5, 6)))
    torch.testing.assert_close(model.encode(ids((1, 2, 3, 4, 5, -1))), states[:, 4])
    torch.testing.assert_close(model.encode(ids((1, 2, 3, -1, -1, -1))), states[:, 2])


def test_loss_is_the_mean_surprise_over_the_catalogue(model: Sasrec) -> None:
    inputs = ids((1, 2, 3))
    targets = torch.tensor([[-1, -1, -1, 2, 3, 4]])
    scores = (model(inputs) @ model.items.weight.T).detach().double().numpy()[0]
    chances = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
    expected = -np.mean([np.log(chances[place, place - 1]) for place in (3, 4, 5)])
    assert model.loss(inputs, targets).item() == pytest.approx(expected, rel=1e-4)


def test_dropout_acts_in_training_only() -> None:
    model = build(dropout=0.5)
    history = ids((1, 2, 3))
    assert torch.equal(model.encode(history), model.encode(history))
    model.train()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        assert not torch.allclose(model.encode(history), model.encode(history))


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ({"heads": 3}, "recommender.dim is 64, which is not divisible by recommender.heads=3"),
        ({"layers": 0}, "recommender.layers is 0"),
        ({"dropout": 1.0}, "recommender.dropout is 1.0"),
    ],
)
def test_impossible_shapes_are_refused(shape: dict[str, float], said: str) -> None:
    with pytest.raises(UserError, match=said):
        SasrecConfig(num_items=10, **shape)  # type: ignore[arg-type]
