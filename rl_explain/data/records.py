"""Interactions as a reader finds them: not yet cleaned, ordered or numbered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from rl_explain.data.catalogue import Catalogue, unique_titles
from rl_explain.data.interactions import Interactions, Taste


@dataclass(frozen=True)
class Item:
    """A title as its source spells it, and the values of its attributes."""

    title: str
    attributes: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Records:
    """`log`: columns user_id, item_id (text), timestamp (a number) and, where known, rating.

    `items` has every item of the log, by id. `causes` are the demo's planted tastes, by user id.
    """

    log: pd.DataFrame
    items: Mapping[str, Item]
    causes: Mapping[str, Sequence[Taste]] | None = None


def in_order(log: pd.DataFrame, seed: int) -> pd.DataFrame:
    """The log by user, in the order in which users first appear, oldest first.

    Interactions of a user at the same time stand in an order drawn by `seed`, not the file's:
    files are often sorted by item id, which a recommender would learn.
    """
    user = pd.factorize(log["user_id"])[0]
    draw = np.random.default_rng(seed).random(len(log))
    return log.iloc[np.lexsort((draw, log["timestamp"], user))].reset_index(drop=True)


def tied_share(log: pd.DataFrame) -> float:
    """The share of interactions that share user and timestamp with another, in [0, 1]."""
    return float(log.duplicated(["user_id", "timestamp"], keep=False).mean())


def to_interactions(records: Records, log: pd.DataFrame) -> Interactions:
    """`log`, clean and in order, as rows; the catalogue is its items, in the source's order."""
    present = set(log["item_id"])
    item_ids = tuple(item_id for item_id in records.items if item_id in present)
    row = {item_id: row for row, item_id in enumerate(item_ids)}
    groups = log["item_id"].map(row).groupby(log["user_id"], sort=False)
    sequences = {str(user): tuple(rows.tolist()) for user, rows in groups}
    kept = [records.items[item_id] for item_id in item_ids]
    catalogue = Catalogue(
        item_ids=item_ids,
        titles=unique_titles([item.title for item in kept], item_ids),
        attributes=tuple(item.attributes for item in kept),
    )
    causes = records.causes and tuple(tuple(records.causes[user]) for user in sequences)
    return Interactions(catalogue, tuple(sequences), tuple(sequences.values()), causes or None)
