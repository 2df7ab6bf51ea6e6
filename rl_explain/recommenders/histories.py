"""Histories as integer arrays: padded for scoring, cut into windows for training."""

from collections.abc import Sequence
from itertools import chain

import numpy as np

PADDING = -1
"""Fills the places before a short history; a masked position within one holds it too."""


def pad_histories(
    histories: Sequence[Sequence[int]], max_history: int, num_items: int
) -> np.ndarray:
    """The last `max_history` entries of each, padded on the left: (B, max_history), int64.

    The newest entry always stands in the last column, so dropping an item moves the older ones
    one column to the right. Raises `ValueError` on a history without a visible item and on a row
    outside `-1 .. num_items - 1`.
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
        raise ValueError(f"history {empty[0]} shows no item; a recommender needs at least one")
    if padded.size and (padded.min() < PADDING or padded.max() >= num_items):
        raise ValueError(f"histories hold item rows outside -1..{num_items - 1}")


def training_windows(
    sequences: Sequence[Sequence[int]], max_history: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and next-item targets, both (rows, max_history) and -1 where padded.

    Every sequence is cut into windows at a random phase, so that each of its steps is a target
    exactly once a pass, now after a short history and now after a long one. Windows end in the
    last column, as histories do at scoring time.
    """
    steps = np.array([len(sequence) - 1 for sequence in sequences])
    items = np.fromiter(chain.from_iterable(sequences), dtype=np.int64)
    user = np.repeat(np.arange(len(steps)), steps)
    from_end = np.repeat(np.cumsum(steps), steps) - np.arange(len(user)) - 1
    place = from_end + rng.integers(max_history, size=len(steps))[user]
    window = place // max_history
    # Windows are filled from their last column, the newest, cut short by the phase, as well.
    column = max_history - 1 - np.where(window == 0, from_end, place % max_history)
    row = _count_changes(user, window)
    inputs, targets = np.full((2, row[-1] + 1 if len(row) else 0, max_history), PADDING)
    # Step j of user u reads items[j + u] and is asked for the next: a sequence has one item more.
    inputs[row, column] = items[np.arange(len(user)) + user]
    targets[row, column] = items[np.arange(len(user)) + user + 1]
    return inputs, targets


def _count_changes(user: np.ndarray, window: np.ndarray) -> np.ndarray:
    """Numbers the runs of equal (user, window) pairs, from 0."""
    changed = (np.diff(user, prepend=-1) != 0) | (np.diff(window, prepend=-1) != 0)
    return np.cumsum(changed) - 1
