import pytest

from rl_explain.data.splits import split_users
from rl_explain.errors import UserError


@pytest.mark.parametrize("num_users", [3, 10, 100, 2501])
def test_every_user_is_in_exactly_one_part(num_users: int) -> None:
    splits = split_users(num_users, seed=1)
    parts = splits.train + splits.validation + splits.test
    assert sorted(parts) == list(range(num_users))
    assert splits.train and splits.validation and splits.test


def test_shares_are_85_5_10() -> None:
    splits = split_users(1000, seed=0)
    assert (len(splits.train), len(splits.validation), len(splits.test)) == (850, 50, 100)


def test_the_seed_decides() -> None:
    assert split_users(100, seed=4) == split_users(100, seed=4)
    assert split_users(100, seed=4) != split_users(100, seed=5)


def test_too_few_users_are_refused() -> None:
    with pytest.raises(UserError, match="at least 3"):
        split_users(2, seed=0)
