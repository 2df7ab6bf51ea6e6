"""Interactions as read: not yet cleaned, sorted or numbered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from rl_explain.data.catalogue import Catalogue, unique_titles
from rl_explain.data.interactions import Interactions, Taste


@dataclass(frozen=True)
class Item:
    """A title as in the source, and the item's attribute values."""

    title: str
    attributes: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Records:
    """`log` has columns user_id, item_id (text), timestamp (a number) and, if known, rating.

    `items` maps every item id of the log to its item, `causes` user ids to the demo's planted
    tastes.
    """

    log: pd.DataFrame
    items: Mapping[str, Item]
    causes: Mapping[str, Sequence[Taste]] | None = None


def in_order(log: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Sort the log by user, in order of first appearance, then by time, oldest first.

    `seed` draws the order of a user's simultaneous interactions: files are often sorted by item
    id, and a recommender would learn that order.
    """
    user = pd.factorize(log["user_id"])[0]
    draw = np.random.default_rng(seed).random(len(log))
    return log.iloc[np.lexsort((draw, log["timestamp"], user))].reset_index(drop=True)


def tied_share(log: pd.DataFrame) -> float:
    """The share of interactions that share user and timestamp with another, in [0, 1]."""
    return float(log.duplicated(["user_id", "timestamp"], keep=False).mean())


def to_interactions(records: Records, log: pd.DataFrame) -> Interactions:
    """A clean, sorted `log` as item rows; the catalogue has its items, in the source's order."""
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
