import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from rl_explain.data.catalogue import Catalogue
from rl_explain.errors import UserError
from rl_explain.recommenders.frozen import FrozenRecommender
from rl_explain.recommenders.sasrec import Sasrec, SasrecConfig

ROWS = tuple(map(str, range(20)))
CATALOGUE = Catalogue(ROWS, tuple(f"Title {row}" for row in ROWS), ({},) * 20)


def build(seed: int = 0, batch_size: int = 2048) -> FrozenRecommender:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = Sasrec(SasrecConfig(20, dim=8, layers=1, heads=1, max_history=5, dropout=0.5))
    return FrozenRecommender(model, CATALOGUE.fingerprint, batch_size)


@pytest.fixture
def recommender() -> FrozenRecommender:
    return build()


HISTORIES = [(1, 2, 3), (4, 5, 6, 7, 8), (1, 2, 3), (9,), (4, -1, 6, 7, 8), (0, 4, 5, 6, 7, 8)]


def test_scores_are_user_times_item_embeddings(recommender: FrozenRecommender) -> None:
    scores = recommender.score(HISTORIES)
    assert scores.shape == (6, 20) and scores.dtype == np.float32
    product = recommender.user_embeddings(HISTORIES) @ recommender.item_embeddings().T
    np.testing.assert_allclose(scores, product, atol=1e-5)


def test_a_batch_scores_as_its_cases_alone_do(recommender: FrozenRecommender) -> None:
    alone = np.concatenate([recommender.score([history]) for history in HISTORIES])
    for batch_size in (1, 2, 2048):
        np.testing.assert_allclose(build(0, batch_size).score(HISTORIES), alone, atol=1e-6)


def test_only_the_last_entries_count(recommender: FrozenRecommender) -> None:
    scores = recommender.score(HISTORIES)
    np.testing.assert_allclose(scores[1], scores[5], atol=1e-6)  # rows of a batch round apart
    assert not np.allclose(scores[1], scores[0])


def test_equal_histories_are_encoded_once(
    recommender: FrozenRecommender, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    encode = recommender.model.encode
    monkeypatch.setattr(
        recommender.model, "encode", lambda ids: seen.append(len(ids)) or encode(ids)
    )
    recommender.score(HISTORIES)
    assert seen == [4]


def test_deletion_encodes_the_rest_anew_and_masking_keeps_places(
    recommender: FrozenRecommender,
) -> None:
    deleted, masked, longer = recommender.score([(1, 3), (1, -1, 3), (2, 1, 3)])
    ids = torch.tensor([[-1, -1, -1, 1, 3]])
    expected = recommender.model.encode(ids) @ recommender.model.items.weight.T
    np.testing.assert_allclose(deleted, expected.detach().numpy()[0], atol=1e-6)
    assert not np.allclose(deleted, masked, atol=1e-4)
    assert not np.allclose(deleted, longer, atol=1e-4)


def test_training_the_model_around_it_changes_nothing(recommender: FrozenRecommender) -> None:
    before = recommender.score(HISTORIES)
    outer = nn.ModuleDict({"recommender": recommender, "other": nn.Linear(2, 2)}).train()
    assert outer.training and not any(module.training for module in recommender.modules())
    assert not any(parameter.requires_grad for parameter in recommender.parameters())
    assert np.array_equal(recommender.score(HISTORIES), before)
    recommender.train()
    assert np.array_equal(recommender.score(HISTORIES), before)


def test_scoring_draws_no_random_numbers(recommender: FrozenRecommender) -> None:
    state = torch.random.get_rng_state()
    recommender.score(HISTORIES)
    assert torch.equal(state, torch.random.get_rng_state())


def test_save_and_load_give_the_same(recommender: FrozenRecommender, tmp_path: Path) -> None:
    recommender.save(tmp_path / "deep" / "folder")
    again = FrozenRecommender.load(tmp_path / "deep" / "folder", CATALOGUE)
    assert again.fingerprint == recommender.fingerprint
    assert (again.num_items, again.dim, again.max_history) == (20, 8, 5)
    assert np.array_equal(again.score(HISTORIES), recommender.score(HISTORIES))


def test_fingerprint_sees_weights_and_data(recommender: FrozenRecommender) -> None:
    assert build(0).fingerprint == recommender.fingerprint
    other_data = FrozenRecommender(recommender.model, "other")
    assert len({recommender.fingerprint, build(1).fingerprint, other_data.fingerprint}) == 3


def test_other_data_is_refused(recommender: FrozenRecommender, tmp_path: Path) -> None:
    recommender.save(tmp_path)
    other = Catalogue(ROWS, CATALOGUE.titles, ({"genre": ("noir",)},) * 20)
    with pytest.raises(UserError, match="trained on other data"):
        FrozenRecommender.load(tmp_path, other)


def test_swapped_weights_are_refused(recommender: FrozenRecommender, tmp_path: Path) -> None:
    recommender.save(tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    save_file({n: w + 0.1 for n, w in weights.items()}, tmp_path / "model.safetensors")
    with pytest.raises(UserError, match="fingerprints differ"):
        FrozenRecommender.load(tmp_path, CATALOGUE)


@pytest.mark.parametrize("name", ["model.pt", "pytorch_model.bin", "weights.pkl", "last.ckpt"])
def test_pickles_are_refused_in_favour_of_safetensors(tmp_path: Path, name: str) -> None:
    torch.save({"weight": torch.zeros(1)}, tmp_path / name)
    for path in (tmp_path, tmp_path / name):
        with pytest.raises(UserError, match=r"pickled.*safetensors"):
            FrozenRecommender.load(path)


def test_missing_and_damaged_files_are_named(
    recommender: FrozenRecommender, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=r"model.safetensors and config.json not found"):
        FrozenRecommender.load(tmp_path)
    recommender.save(tmp_path)
    config = (tmp_path / "config.json").read_text()
    for broken in ("{", "{}", json.dumps(json.loads(config) | {"shape": {"size": 3}})):
        (tmp_path / "config.json").write_text(broken)
        with pytest.raises(UserError, match=r"config.json is damaged"):
            FrozenRecommender.load(tmp_path)
    (tmp_path / "config.json").write_text(config)
    (tmp_path / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(UserError, match=r"model.safetensors is damaged"):
        FrozenRecommender.load(tmp_path)


def test_the_autocast_of_a_trainer_changes_no_score(recommender: FrozenRecommender) -> None:
    alone = recommender.score(HISTORIES), recommender.user_embeddings(HISTORIES)
    with torch.autocast("cpu", torch.bfloat16):
        within = recommender.score(HISTORIES), recommender.user_embeddings(HISTORIES)
    for one, other in zip(alone, within, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_cuda_device_scores_the_same(recommender: FrozenRecommender, tmp_path: Path) -> None:
    recommender.save(tmp_path)
    there = FrozenRecommender.load(tmp_path, CATALOGUE, device="cuda")
    assert there.fingerprint == recommender.fingerprint
    np.testing.assert_allclose(there.score(HISTORIES), recommender.score(HISTORIES), atol=1e-4)
