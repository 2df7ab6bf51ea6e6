"""Filter a log to the users and items of an experiment."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from rl_explain.errors import UserError

MIN_ITEMS = 3
"""Items a user must have: one to train, one to validate and one to test the recommender."""


@dataclass(frozen=True)
class Filters:
    """What to keep; `None` keeps everything."""

    min_rating: float | None = None  # lowest rating that counts as a choice
    num_items: int | None = None  # number of most frequent items kept
    num_users: int | None = None  # number of users sampled
    k_core: int | None = None  # minimum interactions of every user and item

    def __post_init__(self) -> None:
        for name in ("num_items", "num_users", "k_core"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise UserError(f"data.{name} is {value}; it must be >= 1, or null to keep all")


def apply_filters(
    log: pd.DataFrame, filters: Filters, seed: int
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Filter a sorted log; also return how much each step removed.

    Steps, in order: drop ratings below `min_rating`; drop repeated choices of an item (the first
    is kept); keep the `num_items` most frequent items; drop users with fewer than three items;
    sample `num_users` of the users with `k_core` items; take the k-core. The core is last, so that
    the result satisfies it.

    Raises:
        UserError: nothing is left, or `min_rating` is set and there are no ratings.
    """
    removed: dict[str, float] = {}
    if filters.min_rating is not None:
        log, removed["removed/low_ratings"] = _rated(log, filters.min_rating)
    log, removed["removed/repeats"] = first_choices(log)
    if filters.num_items is not None:
        log, removed["removed/rare_items"] = most_frequent_items(log, filters.num_items)
    log, removed["removed/short_users"] = active_users(log, MIN_ITEMS)
    _check_left(log, f"no user has {MIN_ITEMS} or more items", filters)
    if filters.num_users is not None:
        log, removed["removed/unsampled_users"] = _sample_users(log, filters, seed)
    if filters.k_core is not None:
        users, items = log["user_id"].nunique(), log["item_id"].nunique()
        log = core(log, max(filters.k_core, MIN_ITEMS), filters.k_core)
        _check_left(log, "the catalogue is empty after filtering", filters)
        removed["removed/core_users"] = users - log["user_id"].nunique()
        removed["removed/core_items"] = items - log["item_id"].nunique()
    return log, removed


def _check_left(log: pd.DataFrame, problem: str, filters: Filters) -> None:
    if log.empty:
        used = {name: value for name, value in vars(filters).items() if value is not None}
        asked = ", ".join(f"data.{name}={value}" for name, value in used.items()) or "no filters"
        raise UserError(f"{problem} ({asked}); loosen the filters or give more interactions")


def _rated(log: pd.DataFrame, min_rating: float) -> tuple[pd.DataFrame, int]:
    if "rating" not in log:
        raise UserError(
            f"data.min_rating is {min_rating}, but the interactions have no rating column; "
            "set it to null"
        )
    kept = log[log["rating"] >= min_rating]
    return kept, len(log) - len(kept)


def first_choices(log: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """The first interaction of each user with each item, and how many later ones were removed."""
    kept = log.drop_duplicates(["user_id", "item_id"], keep="first")
    return kept, len(log) - len(kept)


def most_frequent_items(log: pd.DataFrame, num_items: int) -> tuple[pd.DataFrame, int]:
    """The interactions with the most frequent items, and how many items were removed.

    Ties are broken by the order of first occurrence in the log.
    """
    counts = log.groupby("item_id", sort=False).size().sort_values(ascending=False, kind="stable")
    kept = log[log["item_id"].isin(counts.index[:num_items])]
    return kept, max(0, len(counts) - num_items)


def active_users(log: pd.DataFrame, least: int) -> tuple[pd.DataFrame, int]:
    """The log of users with at least `least` interactions, and how many users were removed."""
    counts = log.groupby("user_id").size()
    kept = log[log["user_id"].isin(counts.index[counts >= least])]
    return kept, int((counts < least).sum())


def _sample_users(log: pd.DataFrame, filters: Filters, seed: int) -> tuple[pd.DataFrame, int]:
    assert filters.num_users is not None
    eligible = active_users(log, filters.k_core or MIN_ITEMS)[0]["user_id"].unique()
    size = min(filters.num_users, len(eligible))
    sample = np.random.default_rng(seed).choice(len(eligible), size, replace=False)
    kept = log[log["user_id"].isin(eligible[sample])]
    return kept, log["user_id"].nunique() - size


def core(log: pd.DataFrame, per_user: int, per_item: int) -> pd.DataFrame:
    """The largest part of the log in which every user and item has that many interactions.

    Dropping a user can make an item rare and vice versa, so both repeat until nothing changes.
    """
    while True:
        user_count = log.groupby("user_id")["item_id"].transform("size")
        item_count = log.groupby("item_id")["user_id"].transform("size")
        kept = log[(user_count >= per_user) & (item_count >= per_item)]
        if len(kept) == len(log):
            return log
        log = kept
