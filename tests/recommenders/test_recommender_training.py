import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from rl_explain.data.catalogue import Catalogue
from rl_explain.data.interactions import Interactions
from rl_explain.errors import UserError
from rl_explain.recommenders import training
from rl_explain.recommenders.frozen import FrozenRecommender
from rl_explain.recommenders.sasrec import SasrecConfig
from rl_explain.recommenders.training import SasrecTraining, train_sasrec

NUM_ITEMS = 60


def interactions_of(sequences: list[tuple[int, ...]]) -> Interactions:
    rows = tuple(map(str, range(NUM_ITEMS)))
    catalogue = Catalogue(rows, tuple(f"Title {row}" for row in rows), ({},) * NUM_ITEMS)
    return Interactions(catalogue, tuple(map(str, range(len(sequences)))), tuple(sequences))


@pytest.fixture(scope="module")
def chains() -> Interactions:
    """Users walk round the catalogue in small steps from where they start."""
    rng = np.random.default_rng(0)
    starts = rng.integers(NUM_ITEMS, size=300)
    steps = rng.integers(1, 4, size=(300, 9)).cumsum(axis=1)
    return interactions_of(
        [tuple(((s + step) % NUM_ITEMS).tolist()) for s, step in zip(starts, steps, strict=True)]
    )


SHAPE = SasrecConfig(NUM_ITEMS, dim=16, layers=1, heads=1, max_history=5, dropout=0.1)
FAST = SasrecTraining(
    learning_rate=1e-2, weight_decay=0.0, batch_size=64, max_epochs=12, patience=3
)


@pytest.fixture(scope="module")
def trained(
    chains: Interactions, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, float]]:
    folder = tmp_path_factory.mktemp("recommender")
    return folder, train_sasrec(chains, folder, SHAPE, FAST, seed=0)


def test_structure_is_learnt(trained: tuple[Path, dict[str, float]]) -> None:
    _, metrics = trained
    assert metrics["ndcg@10"] > 3 * metrics["popularity/ndcg@10"]
    assert metrics["hr@10"] >= metrics["ndcg@10"]
    assert metrics["top_items"] > 30 > metrics["popularity/top_items"]


def test_the_best_epoch_is_kept(
    trained: tuple[Path, dict[str, float]], chains: Interactions
) -> None:
    folder, metrics = trained
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == list(range(1, int(metrics["epochs"]) + 1))
    best = max(lines, key=lambda line: line["ndcg@10"])
    assert (best["epoch"], best["ndcg@10"]) == (
        metrics["best_epoch"],
        metrics["validation/ndcg@10"],
    )
    recommender = FrozenRecommender.load(folder, chains.catalogue)
    again = training.final_metrics(recommender, chains)
    assert again == {name: metrics[name] for name in again}


def test_training_stops_when_patience_is_out(chains: Interactions, tmp_path: Path) -> None:
    hasty = replace(FAST, learning_rate=1e-9, max_epochs=50, patience=2)
    metrics = train_sasrec(chains, tmp_path, SHAPE, hasty, seed=0)
    assert metrics["epochs"] == metrics["best_epoch"] + 2 < 50


def test_one_seed_one_recommender_and_no_trace_on_global_generators(
    chains: Interactions, trained: tuple[Path, dict[str, float]], tmp_path: Path
) -> None:
    state = torch.random.get_rng_state()
    train_sasrec(chains, tmp_path / "a", SHAPE, FAST, seed=0)
    assert torch.equal(state, torch.random.get_rng_state())
    train_sasrec(chains, tmp_path / "b", SHAPE, FAST, seed=1)
    prints = [
        FrozenRecommender.load(folder).fingerprint
        for folder in (trained[0], tmp_path / "a", tmp_path / "b")
    ]
    assert prints[0] == prints[1] != prints[2]


def test_no_held_out_choice_reaches_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each user's last two items occur nowhere else; no window may hold them."""
    sequences = [(0, 1, 2, 3, 4, 5 + 2 * user, 6 + 2 * user) for user in range(25)]
    seen: list[np.ndarray] = []
    cut = training.training_windows

    def watch(*arguments: object) -> tuple[np.ndarray, np.ndarray]:
        seen.extend(cut(*arguments))  # type: ignore[arg-type]
        return seen[-2], seen[-1]

    monkeypatch.setattr(training, "training_windows", watch)
    train_sasrec(interactions_of(sequences), tmp_path, SHAPE, FAST, seed=0)
    assert set(np.concatenate(seen).ravel().tolist()) == {-1, 0, 1, 2, 3, 4}


def test_users_too_short_to_train_on_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="four or more items"):
        train_sasrec(interactions_of([(0, 1, 2)] * 5), tmp_path, SHAPE, FAST, seed=0)


def test_divergence_is_an_error_and_not_a_perfect_rank(
    chains: Interactions, tmp_path: Path
) -> None:
    wild = replace(FAST, learning_rate=1e30)
    with pytest.raises(UserError, match="lower its learning_rate"):
        train_sasrec(chains, tmp_path, SHAPE, wild, seed=0)
