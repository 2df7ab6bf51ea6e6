"""Split users: train the explainer, choose checkpoints, test."""

from dataclasses import dataclass

import numpy as np

from rl_explain.errors import UserError

VALIDATION_SHARE = 0.05
TEST_SHARE = 0.10


@dataclass(frozen=True)
class Splits:
    """User rows, ascending. The explainer trains on `train` only.

    The recommender trains on every user: on s[:-2] of the user's sequence s; s[-2] is its
    validation target, s[-1] its test target.
    """

    train: tuple[int, ...]
    validation: tuple[int, ...]
    test: tuple[int, ...]


def split_users(num_users: int, seed: int) -> Splits:
    """Draw 85 % train, 5 % validation and 10 % test users, at least one of each.

    Raises:
        UserError: fewer than three users.
    """
    if num_users < 3:
        raise UserError(
            f"{num_users} users cannot be split into train, validation and test; give at least 3"
        )
    shuffled = np.random.default_rng(seed).permutation(num_users)
    test = max(1, round(TEST_SHARE * num_users))
    held_out = test + max(1, round(VALIDATION_SHARE * num_users))
    parts = shuffled[held_out:], shuffled[test:held_out], shuffled[:test]
    return Splits(*(tuple(sorted(part.tolist())) for part in parts))
