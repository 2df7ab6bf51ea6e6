import numpy as np
import pandas as pd
import pytest

from rl_explain.data.filtering import Filters, apply_filters, core, first_choices
from rl_explain.data.records import in_order, tied_share
from rl_explain.errors import UserError


def log_of(rows: list[tuple], columns: str = "user_id item_id timestamp") -> pd.DataFrame:
    return pd.DataFrame(rows, columns=columns.split())


def random_log(seed: int, users: int = 40, items: int = 30, rows: int = 200) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    pairs = {(f"u{rng.integers(users)}", f"i{int(rng.beta(1, 3) * items)}") for _ in range(rows)}
    return log_of([(user, item, time) for time, (user, item) in enumerate(sorted(pairs))])


def slow_core(pairs: set[tuple[str, str]], per_user: int, per_item: int) -> set[tuple[str, str]]:
    """Remove one offending user or item at a time until there is none."""
    while True:
        users, items = [p[0] for p in pairs], [p[1] for p in pairs]
        bad_user = next((u for u in sorted(set(users)) if users.count(u) < per_user), None)
        bad_item = next((i for i in sorted(set(items)) if items.count(i) < per_item), None)
        if bad_user is None and bad_item is None:
            return pairs
        pairs = {p for p in pairs if p[0] != bad_user and p[1] != bad_item}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("bounds", [(2, 2), (5, 5), (3, 6)])
def test_core_equals_one_by_one_removal(seed: int, bounds: tuple[int, int]) -> None:
    log = random_log(seed)
    fast = core(log, *bounds)
    expected = slow_core(set(zip(log["user_id"], log["item_id"], strict=True)), *bounds)
    assert set(zip(fast["user_id"], fast["item_id"], strict=True)) == expected


def test_equal_timestamps_are_ordered_by_the_seed_and_others_by_time() -> None:
    rows = [("u", f"i{i}", 5) for i in range(20)] + [("u", "last", 9), ("u", "first", 1)]
    orders = [in_order(log_of(rows), seed)["item_id"].tolist() for seed in (1, 1, 2)]
    assert orders[0] == orders[1] != orders[2]
    assert orders[0][1:-1] != [f"i{i}" for i in range(20)]
    for order in orders:
        assert (order[0], order[-1]) == ("first", "last")
        assert sorted(order) == sorted(row[1] for row in rows)


def test_users_keep_the_order_of_their_first_row() -> None:
    log = in_order(log_of([("z", "a", 9), ("b", "a", 1), ("z", "c", 2)]), seed=0)
    assert log["user_id"].tolist() == ["z", "z", "b"]
    assert log["item_id"].tolist() == ["c", "a", "a"]


def test_tied_share_counts_rows_that_share_user_and_time() -> None:
    rows = [("u", "a", 1), ("u", "b", 1), ("u", "c", 2), ("v", "a", 1)]
    assert tied_share(log_of(rows)) == 0.5


def test_the_first_of_repeated_choices_counts() -> None:
    log, repeats = first_choices(log_of([("u", "a", 1), ("u", "b", 2), ("u", "a", 3)]))
    assert log["timestamp"].tolist() == [1, 2]
    assert repeats == 1


def test_most_frequent_items_stay() -> None:
    rows = [(f"u{u}", f"i{i}", i) for u in range(6) for i in range(u, 6)]  # i5: 6 times, i0: once
    log, removed = apply_filters(log_of(rows), Filters(num_items=4), seed=0)
    assert set(log["item_id"]) == {"i2", "i3", "i4", "i5"}
    assert removed["removed/rare_items"] == 2
    assert removed["removed/short_users"] == 2  # u4 and u5 keep two and one of these items
    assert set(log["user_id"]) == {"u0", "u1", "u2", "u3"}


def test_users_are_sampled_by_the_seed_among_those_with_k_items() -> None:
    log = random_log(0, rows=400)
    samples = [
        frozenset(apply_filters(log, Filters(num_users=8), seed)[0]["user_id"])
        for seed in (1, 1, 2)
    ]
    assert samples[0] == samples[1] != samples[2]
    assert {len(sample) for sample in samples} == {8}


@pytest.mark.parametrize("k", [1, 2, 4])
def test_filtered_logs_keep_every_promise_at_once(k: int) -> None:
    log, _ = apply_filters(
        random_log(3, rows=400), Filters(num_items=25, num_users=30, k_core=k), seed=0
    )
    assert log.groupby("user_id").size().min() >= max(3, k)
    assert log.groupby("item_id").size().min() >= k
    assert log["item_id"].nunique() <= 25 and log["user_id"].nunique() <= 30


def test_low_ratings_go_first() -> None:
    rows = [("u", "a", 1, 2.0), ("u", "a", 2, 5.0), ("u", "b", 3, 4.0), ("u", "c", 4, 4.5)]
    log = log_of(rows, "user_id item_id timestamp rating")
    kept, removed = apply_filters(log, Filters(min_rating=4), seed=0)
    assert kept["timestamp"].tolist() == [2, 3, 4]
    assert removed == {
        "removed/low_ratings": 1,
        "removed/repeats": 0,
        "removed/short_users": 0,
    }


def test_min_rating_needs_ratings() -> None:
    with pytest.raises(UserError, match=r"data.min_rating is 4.*no rating column"):
        apply_filters(random_log(0), Filters(min_rating=4), seed=0)


def test_users_with_two_items_go_and_are_counted() -> None:
    rows = [("u", i, 0) for i in "abc"] + [("v", i, 0) for i in "ab"]
    kept, removed = apply_filters(log_of(rows), Filters(), seed=0)
    assert set(kept["user_id"]) == {"u"} and removed["removed/short_users"] == 1


def test_no_user_with_three_items_is_an_error() -> None:
    with pytest.raises(UserError, match="no user has 3 or more items"):
        apply_filters(log_of([("u", "a", 1), ("u", "b", 2)]), Filters(), seed=0)


def test_an_empty_core_is_an_error_that_names_the_filters() -> None:
    with pytest.raises(UserError, match=r"empty after filtering.*data.k_core=50.*loosen"):
        apply_filters(random_log(0), Filters(k_core=50), seed=0)


def test_impossible_filters_are_refused() -> None:
    with pytest.raises(UserError, match=r"data.num_items is 0"):
        Filters(num_items=0)
