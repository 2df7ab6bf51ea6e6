"""EmbeddingTables: the frozen embeddings that virtual tokens look up, normalised."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from reward_models.perturb.effects import distinct
from reward_models.perturb.perturbations import delete
from rl_explain.errors import UserError
from rl_explain.recommenders.protocol import Recommender

TABLES_FILE = "embedding_tables.safetensors"
CHUNK = 64
"""Histories whose altered ones the recommender encodes in one call."""
ALTERED = 100
"""Altered histories of one history, roughly, at most: all single others of up to ten items."""


@dataclass(frozen=True)
class EmbeddingTables:
    """What virtual tokens look up: frozen embeddings, each table at unit root mean square.

    Items are centred first: subtracting the mean item moves all scores of a user by the same
    amount, so `user_table[:, 0] @ item_table.T` is, up to one factor, the recommender's score less
    a constant of each user, and every percentile is unchanged.

    `item_table` is (num_items, dim), `user_table` (num_histories, 1 + places, dim): the user
    embedding of each user history and, where contributions are shown, what the item at each place
    of its history contributes (`contributions`). `user_scale` is what user embeddings are divided
    by.
    """

    item_table: Tensor
    user_table: Tensor
    user_scale: float

    @property
    def places(self) -> int:
        """Contributions that each user holds; 0 where they are not shown."""
        return self.user_table.shape[1] - 1

    def users(self, recommender: Recommender, histories: Sequence[Sequence[int]]) -> Tensor:
        """New histories as the table holds them: (n, 1 + places, dim), float32."""
        embeddings = recommender.user_embeddings(histories)
        return _users(recommender, histories, embeddings, self.places, self.user_scale)

    def save(self, folder: Path) -> None:
        """Write `embedding_tables.safetensors`."""
        tensors = {"item_table": self.item_table, "user_table": self.user_table}
        tensors["user_scale"] = torch.tensor(self.user_scale, dtype=torch.float64)
        save_file({k: v.contiguous() for k, v in tensors.items()}, folder / TABLES_FILE)

    @classmethod
    def load(cls, folder: Path) -> "EmbeddingTables":
        """The tables that `save` wrote.

        Raises:
            UserError: no tables in `folder`.
        """
        path = folder / TABLES_FILE
        if not path.is_file():
            raise UserError(f"no tables at {path}: run the stage that prepares the tasks first.")
        tensors = load_file(path)
        return cls(tensors["item_table"], tensors["user_table"], tensors["user_scale"].item())


def build_embedding_tables(
    recommender: Recommender, histories: Sequence[Sequence[int]], places: int = 0
) -> EmbeddingTables:
    """The recommender's embeddings of all items and histories, normalised.

    Args:
        places: of histories whose contributions are kept, the longest history's length; 0 for none.
    """
    items = recommender.item_embeddings()
    embeddings = recommender.user_embeddings(histories)
    centred = items - items.mean(axis=0)
    scale = _root_mean_square(embeddings)
    return EmbeddingTables(
        item_table=torch.from_numpy(np.float32(centred / _root_mean_square(centred))),
        user_table=_users(recommender, histories, embeddings, places, scale),
        user_scale=scale,
    )


def contributions(
    recommender: Recommender,
    histories: Sequence[Sequence[int]],
    embeddings: np.ndarray,
    places: int,
) -> np.ndarray:
    """What each item contributes to a user embedding u, alone and where another item is gone.

    The mean of `u(h - C) - u(h - C - item)` over C: nothing, and each single other item; of a long
    history its latest others, so that it takes about `ALTERED` altered histories at most. It is a
    Shapley value cut off after the first two sizes of C: an explanation names up to three items,
    and what two of them owe to each other shows in neither's leaving alone.

    An item leaves with all its occurrences, as in the deletion that faithfulness is measured by; so
    a contribution's product with any item's embedding is what that item's score owes to it in the
    mean over C. The contributions of a history together have unit root mean square.

    Args:
        embeddings: (n, dim) user embeddings of the histories.

    Returns:
        (n, places, dim), zero behind the end of a history.
    """
    found = np.zeros((len(histories), places, embeddings.shape[1]), dtype=np.float32)
    for start in range(0, len(histories), CHUNK):
        some = histories[start : start + CHUNK]
        known = _altered(recommender, some)
        for n, history in enumerate(some, start):
            known[n - start, frozenset()] = embeddings[n]
            for place, item in enumerate(history):
                gone = _contexts(history, item)
                moved = [known[n - start, c] - known[n - start, c | {item}] for c in gone]
                found[n, place] = np.mean(moved, axis=0)
            found[n] /= _root_mean_square(found[n, : len(history)])
    return found


def _altered(
    recommender: Recommender, histories: Sequence[Sequence[int]]
) -> dict[tuple[int, frozenset[int]], np.ndarray]:
    """User embeddings by history and by the items gone from it, all that contributions ask for."""
    keys = dict.fromkeys(
        (n, context | {item})
        for n, history in enumerate(histories)
        for item in history
        for context in _contexts(history, item)
    )
    without = [delete(histories[n], gone) for n, gone in keys]
    return dict(zip(keys, recommender.user_embeddings(without), strict=True))


def _contexts(history: Sequence[int], item: int) -> list[frozenset[int]]:
    """What may be gone beside the item: nothing, or one other item, the latest ones first."""
    others = [other for other in distinct(history[::-1]) if other != item]
    return [frozenset(), *(frozenset({other}) for other in others[: ALTERED // len(history)])]


def _users(
    recommender: Recommender,
    histories: Sequence[Sequence[int]],
    embeddings: np.ndarray,
    places: int,
    scale: float,
) -> Tensor:
    scaled = (embeddings / scale).astype(np.float32)[:, None]
    parts = contributions(recommender, histories, embeddings, places) if places else scaled[:, :0]
    return torch.from_numpy(np.concatenate([scaled, parts], axis=1))


def _root_mean_square(values: np.ndarray) -> float:
    """Over all entries; 1 where all are zero, so that dividing by it is safe."""
    return float(np.sqrt(np.mean(np.square(values, dtype=np.float64)))) or 1.0
