"""The frozen, normalised embeddings that virtual tokens look up."""

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
"""Histories whose altered versions the recommender encodes in one call."""
ALTERED = 100
"""Approximate maximum of altered versions per history; enough for all item pairs of ten items."""


@dataclass(frozen=True)
class EmbeddingTables:
    """The frozen embeddings that virtual tokens look up, scaled to unit root mean square.

    Items are centred first. Subtracting the mean item shifts all scores of a user by the same
    amount, so `user_table[:, 0] @ item_table.T` equals the recommender's score up to one factor and
    a constant per user, and every percentile is unchanged.

    `item_table` is (num_items, dim). `user_table` is (num_histories, 1 + places, dim): the user
    embedding of each history and, if contributions are shown, the contribution of each history item
    (`contributions`). User embeddings are divided by `user_scale`.
    """

    item_table: Tensor
    user_table: Tensor
    user_scale: float

    @property
    def places(self) -> int:
        """Contributions per user; 0 if they are not shown."""
        return self.user_table.shape[1] - 1

    def users(self, recommender: Recommender, histories: Sequence[Sequence[int]]) -> Tensor:
        """Rows of `user_table` for new histories: (n, 1 + places, dim), float32."""
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
            UserError: `folder` has no tables.
        """
        path = folder / TABLES_FILE
        if not path.is_file():
            raise UserError(f"no tables at {path}: run the stage that prepares the tasks first.")
        tensors = load_file(path)
        return cls(tensors["item_table"], tensors["user_table"], tensors["user_scale"].item())


def build_embedding_tables(
    recommender: Recommender, histories: Sequence[Sequence[int]], places: int = 0
) -> EmbeddingTables:
    """Build normalised tables of all items and histories.

    Args:
        places: contributions per history: the maximum history length, or 0 for none.
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
    """What each history item contributes to the user embedding u, alone and without another item.

    The contribution is the mean of `u(h - C) - u(h - C - item)` over C: the empty set and each
    single other item. Long histories use only the latest other items, so that at most about
    `ALTERED` altered histories are needed. This is a Shapley value truncated after the first two
    sizes of C: explanations name up to three items, and removing one item at a time does not show
    how two of them interact.

    All occurrences of an item are removed, as in the deletion that measures faithfulness. So the
    product of a contribution and an item embedding is the mean change of that item's score over C.
    All contributions of a history together have unit root mean square.

    Args:
        embeddings: (n, dim) user embeddings of the histories.

    Returns:
        (n, places, dim), zero beyond the end of a history.
    """
    found = np.zeros((len(histories), places, embeddings.shape[1]), dtype=np.float32)
    for start in range(0, len(histories), CHUNK):
        some = histories[start : start + CHUNK]
        known = _altered(recommender, some)
        for n, history in enumerate(some, start):
            known[n - start, frozenset()] = embeddings[n]
            for place, item in enumerate(history):
                contexts = _contexts(history, item)
                changes = [known[n - start, c] - known[n - start, c | {item}] for c in contexts]
                found[n, place] = np.mean(changes, axis=0)
            found[n] /= _root_mean_square(found[n, : len(history)])
    return found


def _altered(
    recommender: Recommender, histories: Sequence[Sequence[int]]
) -> dict[tuple[int, frozenset[int]], np.ndarray]:
    """User embeddings by history index and removed items: all that `contributions` needs."""
    keys = dict.fromkeys(
        (n, context | {item})
        for n, history in enumerate(histories)
        for item in history
        for context in _contexts(history, item)
    )
    altered = [delete(histories[n], removed) for n, removed in keys]
    return dict(zip(keys, recommender.user_embeddings(altered), strict=True))


def _contexts(history: Sequence[int], item: int) -> list[frozenset[int]]:
    """The sets C removed in addition to the item: none, then one other item each, latest first."""
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
    """Over all entries; 1 if all are zero, so that dividing by it is safe."""
    return float(np.sqrt(np.mean(np.square(values, dtype=np.float64)))) or 1.0
