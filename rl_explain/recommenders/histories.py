"""Histories as integer arrays: padded for scoring, cut into windows for training."""

from collections.abc import Sequence
from itertools import chain

import numpy as np

PADDING = -1
"""Marks left padding of short histories, and masked positions."""


def pad_histories(
    histories: Sequence[Sequence[int]], max_history: int, num_items: int
) -> np.ndarray:
    """The last `max_history` entries of each history, left-padded: (B, max_history), int64.

    The newest entry is always in the last column, so dropping an item moves the older ones one
    column to the right.

    Raises:
        ValueError: a history without a visible item, or a row outside `-1 .. num_items - 1`.
    """
    recent = [history[-max_history:] for history in histories]
    lengths = np.fromiter(map(len, recent), dtype=np.int64, count=len(recent))
    padded = np.full((len(recent), max_history), PADDING, dtype=np.int64)
    filled = np.arange(max_history) >= max_history - lengths[:, None]
    padded[filled] = np.fromiter(chain.from_iterable(recent), dtype=np.int64, count=lengths.sum())
    _check(padded, num_items)
    return padded


def _check(padded: np.ndarray, num_items: int) -> None:
    empty = np.flatnonzero((padded == PADDING).all(axis=1))
    if len(empty):
        raise ValueError(f"history {empty[0]} has no visible item; a recommender needs one")
    if padded.size and (padded.min() < PADDING or padded.max() >= num_items):
        raise ValueError(f"histories contain item rows outside -1..{num_items - 1}")


def training_windows(
    sequences: Sequence[Sequence[int]], max_history: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and next-item targets, both (rows, max_history) and -1 where padded.

    Every sequence is cut into windows at a random offset. Each step is a target exactly once per
    call, with histories of varying length. Windows end in the last column, as histories do when
    scored.
    """
    steps = np.array([len(sequence) - 1 for sequence in sequences])
    items = np.fromiter(chain.from_iterable(sequences), dtype=np.int64)
    user = np.repeat(np.arange(len(steps)), steps)
    from_end = np.repeat(np.cumsum(steps), steps) - np.arange(len(user)) - 1
    place = from_end + rng.integers(max_history, size=len(steps))[user]
    window = place // max_history
    # The newest window is cut short by the offset; fill it from the last column too.
    column = max_history - 1 - np.where(window == 0, from_end, place % max_history)
    row = _count_changes(user, window)
    inputs, targets = np.full((2, row[-1] + 1 if len(row) else 0, max_history), PADDING)
    # A sequence has one item more than steps, so step j of user u reads items[j + u].
    inputs[row, column] = items[np.arange(len(user)) + user]
    targets[row, column] = items[np.arange(len(user)) + user + 1]
    return inputs, targets


def _count_changes(user: np.ndarray, window: np.ndarray) -> np.ndarray:
    """Number the runs of equal (user, window) pairs, from 0."""
    changed = (np.diff(user, prepend=-1) != 0) | (np.diff(window, prepend=-1) != 0)
    return np.cumsum(changed) - 1
