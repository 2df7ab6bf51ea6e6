"""States and the embedding banks behind them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from reward_models.percentile import percentile
from rl_explain.alignment.banks import Banks, build_banks, contributions
from rl_explain.alignment.states import States, build_states
from rl_explain.data.catalogue import Catalogue
from rl_explain.data.interactions import Interactions
from rl_explain.data.splits import Splits, split_users
from rl_explain.errors import UserError

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
def states(interactions: Interactions, splits: Splits) -> States:
    return build_states(interactions, splits, MAX_HISTORY, per_user=3)


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


def test_train_states_are_prefixes_of_what_the_recommender_trained_on(
    interactions: Interactions, splits: Splits, states: States
) -> None:
    for place in states.train:
        user, history = states[place].user, states[place].history
        seen = interactions.sequences[user][:-2]
        assert user in splits.train
        assert 3 <= len(history) <= MAX_HISTORY
        end = seen.index(history[-1]) + 1
        assert history == seen[max(0, end - MAX_HISTORY) : end]
    users = [states[place].user for place in states.train]
    assert max(users.count(user) for user in users) == 3
    assert len({(states[p].user, states[p].history) for p in states.train}) == len(states.train)
    # every training user with three items or more to train on has a state
    assert set(users) == {u for u in splits.train if len(interactions.sequences[u]) >= 5}


@pytest.mark.parametrize("split", ["validation", "test"])
def test_held_out_users_have_one_state_without_the_last_item(
    interactions: Interactions, splits: Splits, states: States, split: str
) -> None:
    held_out = [states[place] for place in getattr(states, split)]
    eligible = [u for u in getattr(splits, split) if len(interactions.sequences[u]) >= 4]
    assert [state.user for state in held_out] == eligible
    for state in held_out:
        assert state.history == interactions.sequences[state.user][:-1][-MAX_HISTORY:]


def test_places_cover_all_states_once(states: States) -> None:
    places = [*states.train, *states.validation, *states.test]
    assert places == list(range(len(states)))


def test_the_limit_drops_training_states_only(interactions: Interactions, splits: Splits) -> None:
    every = build_states(interactions, splits, MAX_HISTORY, per_user=3)
    some = build_states(interactions, splits, MAX_HISTORY, max_states=40, per_user=3)
    assert len(some) == 40
    assert [some[p] for p in some.test] == [every[p] for p in every.test]
    assert {some[p] for p in some.train} < {every[p] for p in every.train}
    with pytest.raises(UserError, match=r"data\.max_states=2"):
        build_states(interactions, splits, MAX_HISTORY, max_states=2)


def test_seeded(interactions: Interactions, splits: Splits, states: States) -> None:
    assert build_states(interactions, splits, MAX_HISTORY, per_user=3) == states
    assert build_states(interactions, splits, MAX_HISTORY, per_user=3, seed=1) != states


def test_save_and_load(states: States, tmp_path: Path) -> None:
    states.save(tmp_path)
    assert States.load(tmp_path) == states
    banks = build_banks(Random(), states)
    banks.save(tmp_path)
    loaded = Banks.load(tmp_path)
    assert torch.equal(loaded.item_bank, banks.item_bank)
    assert torch.equal(loaded.user_bank, banks.user_bank)
    assert loaded.user_scale == banks.user_scale


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"states\.json"):
        States.load(tmp_path)
    with pytest.raises(UserError, match=r"banks\.safetensors"):
        Banks.load(tmp_path)


def test_banks_have_unit_size_and_keep_percentiles(states: States) -> None:
    recommender = Random()
    banks = build_banks(recommender, states)
    assert banks.item_bank.square().mean().item() == pytest.approx(1, abs=1e-5)
    assert banks.user_bank.square().mean().item() == pytest.approx(1, abs=1e-5)
    assert banks.item_bank.mean(0).abs().max() < 1e-5
    histories = [state.history for state in states.states]
    items = np.array([next(i for i in range(NUM_ITEMS) if i not in h) for h in histories])
    products = (banks.user_bank[:, 0] @ banks.item_bank.T).double().numpy()
    expected = percentile(recommender.score(histories), items, histories)
    np.testing.assert_allclose(percentile(products, items, histories), expected)


def test_new_histories_are_normalised_as_the_bank_was(states: States) -> None:
    recommender = Random()
    banks = build_banks(recommender, states, MAX_HISTORY)
    again = banks.users(recommender, [states[3].history])
    assert torch.allclose(again[0], banks.user_bank[3])


def test_contributions_are_what_scores_owe_to_an_item(states: States) -> None:
    """The mean difference of scores with and without it, whole or with another item gone."""
    recommender = Random()
    banks = build_banks(recommender, states, MAX_HISTORY)
    place = next(p for p, s in enumerate(states.states) if 3 < len(s.history) < MAX_HISTORY)
    history = states[place].history
    assert len(set(history)) == len(history)
    given = banks.user_bank[place, 1:]
    assert given[: len(history)].square().mean().item() == pytest.approx(1, abs=1e-5)
    assert not given[len(history) :].any()

    def owed_to(item: int) -> np.ndarray:
        lacking = [
            [i for i in history if i != other] for other in (None, *history) if other != item
        ]
        without = [[i for i in past if i != item] for past in lacking]
        return (recommender.score(lacking) - recommender.score(without)).mean(axis=0)

    owed = np.stack([owed_to(item) for item in history])  # (places, items)
    owed -= owed.mean(axis=1, keepdims=True)  # the item bank is centred
    products = (given[: len(history)] @ banks.item_bank.T).numpy()
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
