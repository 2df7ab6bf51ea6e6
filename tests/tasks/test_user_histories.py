"""States and the embedding tables behind them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from reward_models.perturb.measures import percentile
from rl_explain.data.catalogue import Catalogue
from rl_explain.data.interactions import Interactions
from rl_explain.data.splits import Splits, split_users
from rl_explain.errors import UserError
from rl_explain.explainer.embedding_tables import (
    EmbeddingTables,
    build_embedding_tables,
    contributions,
)
from rl_explain.tasks.user_histories import UserHistories, build_user_histories

NUM_ITEMS, USERS, MAX_HISTORY = 50, 60, 6


@pytest.fixture(scope="module")
def interactions() -> Interactions:
    rng = np.random.default_rng(0)
    ids = tuple(map(str, range(NUM_ITEMS)))
    items = Catalogue(ids, tuple(f"Title {i}" for i in ids), ({},) * NUM_ITEMS)
    lengths = rng.integers(3, 14, size=USERS)
    sequences = [tuple(rng.permutation(NUM_ITEMS)[:n].tolist()) for n in lengths]
    return Interactions(items, tuple(map(str, range(USERS))), tuple(sequences))


@pytest.fixture(scope="module")
def splits() -> Splits:
    return split_users(USERS, 0)


@pytest.fixture(scope="module")
def histories(interactions: Interactions, splits: Splits) -> UserHistories:
    return build_user_histories(interactions, splits, MAX_HISTORY, per_user=3)


class Random:
    """User embeddings are drawn per history, item embeddings far from centred."""

    num_items, dim, max_history, fingerprint = NUM_ITEMS, 8, MAX_HISTORY, "random"

    def user_embeddings(self, histories: Sequence[Sequence[int]]) -> np.ndarray:
        return np.stack(
            [np.random.default_rng(list(h)).normal(size=8) * 3 for h in histories]
        ).astype(np.float32)

    def item_embeddings(self) -> np.ndarray:
        return (np.random.default_rng(1).normal(size=(NUM_ITEMS, 8)) + 5).astype(np.float32)

    def score(self, histories: Sequence[Sequence[int]]) -> np.ndarray:
        return self.user_embeddings(histories) @ self.item_embeddings().T


def test_train_histories_are_prefixes_of_what_the_recommender_trained_on(
    interactions: Interactions, splits: Splits, histories: UserHistories
) -> None:
    for place in histories.train:
        user, history = histories[place].user, histories[place].history
        seen = interactions.sequences[user][:-2]
        assert user in splits.train
        assert 3 <= len(history) <= MAX_HISTORY
        end = seen.index(history[-1]) + 1
        assert history == seen[max(0, end - MAX_HISTORY) : end]
    users = [histories[place].user for place in histories.train]
    assert max(users.count(user) for user in users) == 3
    assert len({(histories[p].user, histories[p].history) for p in histories.train}) == len(
        histories.train
    )
    # every training user with three items or more to train on has a user history
    assert set(users) == {u for u in splits.train if len(interactions.sequences[u]) >= 5}


@pytest.mark.parametrize("split", ["validation", "test"])
def test_held_out_users_have_one_state_without_the_last_item(
    interactions: Interactions, splits: Splits, histories: UserHistories, split: str
) -> None:
    held_out = [histories[place] for place in getattr(histories, split)]
    eligible = [u for u in getattr(splits, split) if len(interactions.sequences[u]) >= 4]
    assert [user_history.user for user_history in held_out] == eligible
    for user_history in held_out:
        assert user_history.history == interactions.sequences[user_history.user][:-1][-MAX_HISTORY:]


def test_places_cover_all_histories_once(histories: UserHistories) -> None:
    places = [*histories.train, *histories.validation, *histories.test]
    assert places == list(range(len(histories)))


def test_the_limit_drops_training_histories_only(
    interactions: Interactions, splits: Splits
) -> None:
    every = build_user_histories(interactions, splits, MAX_HISTORY, per_user=3)
    some = build_user_histories(
        interactions, splits, MAX_HISTORY, max_user_histories=40, per_user=3
    )
    assert len(some) == 40
    assert [some[p] for p in some.test] == [every[p] for p in every.test]
    assert {some[p] for p in some.train} < {every[p] for p in every.train}
    with pytest.raises(UserError, match=r"data\.max_user_histories is 2"):
        build_user_histories(interactions, splits, MAX_HISTORY, max_user_histories=2)


def test_seeded(interactions: Interactions, splits: Splits, histories: UserHistories) -> None:
    assert build_user_histories(interactions, splits, MAX_HISTORY, per_user=3) == histories
    assert build_user_histories(interactions, splits, MAX_HISTORY, per_user=3, seed=1) != histories


def test_save_and_load(histories: UserHistories, tmp_path: Path) -> None:
    histories.save(tmp_path)
    assert UserHistories.load(tmp_path) == histories
    tables = build_embedding_tables(Random(), histories.sequences)
    tables.save(tmp_path)
    loaded = EmbeddingTables.load(tmp_path)
    assert torch.equal(loaded.item_table, tables.item_table)
    assert torch.equal(loaded.user_table, tables.user_table)
    assert loaded.user_scale == tables.user_scale


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"histories\.json"):
        UserHistories.load(tmp_path)
    with pytest.raises(UserError, match=r"tables\.safetensors"):
        EmbeddingTables.load(tmp_path)


def test_tables_have_unit_size_and_keep_percentiles(histories: UserHistories) -> None:
    recommender = Random()
    tables = build_embedding_tables(recommender, histories.sequences)
    assert tables.item_table.square().mean().item() == pytest.approx(1, abs=1e-5)
    assert tables.user_table.square().mean().item() == pytest.approx(1, abs=1e-5)
    assert tables.item_table.mean(0).abs().max() < 1e-5
    sequences = histories.sequences
    items = np.array([next(i for i in range(NUM_ITEMS) if i not in h) for h in sequences])
    products = (tables.user_table[:, 0] @ tables.item_table.T).double().numpy()
    expected = percentile(recommender.score(sequences), items, sequences)
    np.testing.assert_allclose(percentile(products, items, sequences), expected)


def test_new_histories_are_normalised_as_the_table_was(histories: UserHistories) -> None:
    recommender = Random()
    tables = build_embedding_tables(recommender, histories.sequences, MAX_HISTORY)
    again = tables.users(recommender, [histories[3].history])
    assert torch.allclose(again[0], tables.user_table[3])


def test_contributions_are_what_scores_owe_to_an_item(histories: UserHistories) -> None:
    """The mean difference of scores with and without it, whole or with another item gone."""
    recommender = Random()
    tables = build_embedding_tables(recommender, histories.sequences, MAX_HISTORY)
    place = next(p for p, s in enumerate(histories.histories) if 3 < len(s.history) < MAX_HISTORY)
    history = histories[place].history
    assert len(set(history)) == len(history)
    given = tables.user_table[place, 1:]
    assert given[: len(history)].square().mean().item() == pytest.approx(1, abs=1e-5)
    assert not given[len(history) :].any()

    def owed_to(item: int) -> np.ndarray:
        lacking = [
            [i for i in history if i != other] for other in (None, *history) if other != item
        ]
        without = [[i for i in past if i != item] for past in lacking]
        return (recommender.score(lacking) - recommender.score(without)).mean(axis=0)

    owed = np.stack([owed_to(item) for item in history])  # (places, items)
    owed -= owed.mean(axis=1, keepdims=True)  # the item table is centred
    products = (given[: len(history)] @ tables.item_table.T).numpy()
    np.testing.assert_allclose(products / products.std(), owed / owed.std(), rtol=1e-3, atol=1e-4)


def test_a_repeated_item_leaves_with_all_its_occurrences() -> None:
    history = (4, 7, 4, 9)
    recommender = Random()
    embeddings = recommender.user_embeddings([history])
    first, _, again, _ = contributions(recommender, [history], embeddings, 4)[0]
    kept = [(4, 7, 4, 9), (7, 9), (4, 4, 9), (9,), (4, 7, 4), (7,)]
    whole, without, *others = recommender.user_embeddings(kept)
    owed = np.mean([whole - without, others[0] - others[1], others[2] - others[3]], axis=0)
    assert np.array_equal(first, again)
    np.testing.assert_allclose(first / first[0], owed / owed[0], rtol=1e-4)


def test_long_histories_ask_for_a_bounded_number_of_altered_ones() -> None:
    asked: list[int] = []

    class Counting(Random):
        def user_embeddings(self, histories: Sequence[Sequence[int]]) -> np.ndarray:
            asked.append(len(histories))
            return super().user_embeddings(histories)

    for length in (2, 10, 11, 25, 50):
        history = tuple(range(length))
        contributions(Counting(), [history], Random().user_embeddings([history]), length)
    assert asked[:2] == [3, 55]
    assert max(asked) < 170
