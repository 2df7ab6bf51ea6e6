"""States: the (user, history) pairs that get a virtual token.

Training users have several states, prefixes of what the recommender trained on; validation and test
users have one each, their full history with the last item left out (RecExplainer, section 4.1).
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
"""Distinct items that a history needs before it can be explained."""
STATES_FILE = "states.json"


@dataclass(frozen=True)
class State:
    """A user's row, and the history: item rows, oldest first, at most the recommender's length."""

    user: int
    history: tuple[int, ...]


@dataclass(frozen=True)
class States:
    """All states; a state's place in `states` is the number of its virtual token.

    `train`, `validation` and `test` list places, by the split of the state's user.
    """

    states: tuple[State, ...]
    train: tuple[int, ...]
    validation: tuple[int, ...]
    test: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.states)

    def __getitem__(self, place: int) -> State:
        return self.states[place]

    def save(self, folder: Path) -> None:
        """Write `states.json`."""
        (folder / STATES_FILE).write_text(json.dumps(asdict(self)))

    @classmethod
    def load(cls, folder: Path) -> "States":
        """The states that `save` wrote.

        Raises:
            UserError: no states in `folder`.
        """
        path = folder / STATES_FILE
        if not path.is_file():
            raise UserError(f"no states at {path}: run the stage that prepares the tasks first.")
        data = json.loads(path.read_text())
        states = tuple(State(s["user"], tuple(s["history"])) for s in data.pop("states"))
        return cls(states, **{split: tuple(places) for split, places in data.items()})


def build_states(
    interactions: Interactions,
    splits: Splits,
    max_history: int,
    max_states: int = 10_000,
    per_user: int = 4,
    seed: int = 0,
) -> States:
    """Draw the states.

    A training user with sequence `s` gives up to `per_user` prefixes of `s[:-2]`; a validation or
    test user gives `s[:-1]`. Histories keep their last `max_history` items, and those of fewer than
    three distinct items are left out. Where there are more than `max_states`, training states are
    dropped at random.

    Raises:
        UserError: no state at all, or held-out users alone exceed `max_states`.
    """
    rng = np.random.default_rng(seed)
    train = [
        state
        for user in splits.train
        for state in _prefixes(user, interactions.sequences[user][:-2], max_history, per_user, rng)
    ]
    validation = _full(interactions, splits.validation, max_history)
    test = _full(interactions, splits.test, max_history)
    train = _thin(train, max_states - len(validation) - len(test), rng)
    if not train:
        raise UserError(
            f"data.max_states={max_states} and the data leave no training state: raise it, or give "
            f"training users histories of {MIN_DISTINCT} distinct items."
        )
    sizes = np.cumsum([0, len(train), len(validation), len(test)]).tolist()
    parts = [tuple(range(start, end)) for start, end in pairwise(sizes)]
    return States((*train, *validation, *test), *parts)


def _prefixes(
    user: int, sequence: Sequence[int], max_history: int, per_user: int, rng: np.random.Generator
) -> list[State]:
    """Up to `per_user` explainable prefixes of a sequence, shortest first."""
    ends = range(1, len(sequence) + 1)
    histories = [tuple(sequence[max(0, end - max_history) : end]) for end in ends]
    usable = [State(user, history) for history in histories if explainable(history)]
    return _thin(usable, per_user, rng)


def _full(interactions: Interactions, users: Sequence[int], max_history: int) -> list[State]:
    states = [State(u, tuple(interactions.sequences[u][:-1][-max_history:])) for u in users]
    return [state for state in states if explainable(state.history)]


def _thin(states: list[State], most: int, rng: np.random.Generator) -> list[State]:
    """At most `most` of the states, drawn at random, in their order."""
    if len(states) <= most:
        return states
    return [states[i] for i in sorted(rng.choice(len(states), max(0, most), replace=False))]


def explainable(history: Sequence[int]) -> bool:
    """Whether a history has the distinct items that an explanation needs."""
    return len(set(history)) >= MIN_DISTINCT
