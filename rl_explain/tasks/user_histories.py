"""User histories: the (user, history) pairs that get a virtual token.

Training users have several, prefixes of what the recommender trained on. Validation and test users
have one each, their full history without the last item (RecExplainer, section 4.1).
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from rl_explain.data.interactions import Interactions
from rl_explain.data.splits import Splits
from rl_explain.errors import UserError

MIN_DISTINCT = 3
"""Minimum distinct items of a history that can be explained."""
HISTORIES_FILE = "user_histories.json"


@dataclass(frozen=True)
class UserHistory:
    """A user's row and a history: item rows, oldest first, at most the recommender's maximum."""

    user: int
    history: tuple[int, ...]


@dataclass(frozen=True)
class UserHistories:
    """All user histories; the index in `histories` is the number of the virtual token.

    `train`, `validation` and `test` list the indices of each user split.
    """

    histories: tuple[UserHistory, ...]
    train: tuple[int, ...]
    validation: tuple[int, ...]
    test: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.histories)

    def __getitem__(self, place: int) -> UserHistory:
        return self.histories[place]

    @property
    def sequences(self) -> list[tuple[int, ...]]:
        """The item rows of every history, by index."""
        return [known.history for known in self.histories]

    def save(self, folder: Path) -> None:
        """Write `user_histories.json`."""
        (folder / HISTORIES_FILE).write_text(json.dumps(asdict(self)))

    @classmethod
    def load(cls, folder: Path) -> "UserHistories":
        """The histories that `save` wrote.

        Raises:
            UserError: `folder` has no histories.
        """
        path = folder / HISTORIES_FILE
        if not path.is_file():
            raise UserError(
                f"no user histories at {path}: run the stage that prepares the tasks first."
            )
        data = json.loads(path.read_text())
        histories = tuple(
            UserHistory(s["user"], tuple(s["history"])) for s in data.pop("histories")
        )
        return cls(histories, **{split: tuple(places) for split, places in data.items()})


def build_user_histories(
    interactions: Interactions,
    splits: Splits,
    max_history: int,
    max_user_histories: int = 10_000,
    per_user: int = 4,
    seed: int = 0,
) -> UserHistories:
    """Draw the user histories.

    A training user with sequence `s` gives up to `per_user` prefixes of `s[:-2]`; a validation or
    test user gives `s[:-1]`. Histories keep their last `max_history` items; those with fewer than
    three distinct items are dropped. If there are more than `max_user_histories`, random training
    histories are dropped.

    Raises:
        UserError: no training history is left, e.g. because held-out users alone reach
            `max_user_histories`.
    """
    rng = np.random.default_rng(seed)
    train = [
        user_history
        for user in splits.train
        for user_history in _prefixes(
            user, interactions.sequences[user][:-2], max_history, per_user, rng
        )
    ]
    validation = _full(interactions, splits.validation, max_history)
    test = _full(interactions, splits.test, max_history)
    train = _thin(train, max_user_histories - len(validation) - len(test), rng)
    if not train:
        raise UserError(
            f"data.max_user_histories is {max_user_histories}, which leaves no training history: "
            f"raise it, or give training users histories of {MIN_DISTINCT} distinct items."
        )
    sizes = np.cumsum([0, len(train), len(validation), len(test)]).tolist()
    parts = [tuple(range(start, end)) for start, end in pairwise(sizes)]
    return UserHistories((*train, *validation, *test), *parts)


def _prefixes(
    user: int, sequence: Sequence[int], max_history: int, per_user: int, rng: np.random.Generator
) -> list[UserHistory]:
    """Up to `per_user` explainable prefixes of a sequence, shortest first."""
    ends = range(1, len(sequence) + 1)
    histories = [tuple(sequence[max(0, end - max_history) : end]) for end in ends]
    usable = [UserHistory(user, history) for history in histories if explainable(history)]
    return _thin(usable, per_user, rng)


def _full(interactions: Interactions, users: Sequence[int], max_history: int) -> list[UserHistory]:
    histories = [
        UserHistory(u, tuple(interactions.sequences[u][:-1][-max_history:])) for u in users
    ]
    return [user_history for user_history in histories if explainable(user_history.history)]


def _thin(histories: list[UserHistory], most: int, rng: np.random.Generator) -> list[UserHistory]:
    """At most `most` of the user histories, drawn at random, in the given order."""
    if len(histories) <= most:
        return histories
    return [histories[i] for i in sorted(rng.choice(len(histories), max(0, most), replace=False))]


def explainable(history: Sequence[int]) -> bool:
    """Whether a history has enough distinct items for an explanation."""
    return len(set(history)) >= MIN_DISTINCT
