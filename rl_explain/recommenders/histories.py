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
    exactly once a pass, now after a short and now after a long history, as at scoring time.
    """
    steps = np.array([len(sequence) - 1 for sequence in sequences])
    items = np.fromiter(chain.from_iterable(sequences), dtype=np.int64)
    user = np.repeat(np.arange(len(steps)), steps)
    ends = np.cumsum(steps)
    from_end = np.repeat(ends, steps) - np.arange(len(user)) - 1
    place = from_end + np.repeat(rng.integers(max_history, size=len(steps)), steps)
    window = np.stack([user, place // max_history], axis=1)
    # Steps run oldest first, so equal (user, window) pairs are neighbours: number the changes.
    row = np.cumsum((np.diff(window, axis=0, prepend=-1) != 0).any(axis=1)) - 1
    column = max_history - 1 - place % max_history
    inputs, targets = np.full((2, row[-1] + 1 if len(row) else 0, max_history), PADDING)
    # Step j of user u reads items[j + u] and is asked for the next: a sequence has one item more.
    inputs[row, column] = items[np.arange(len(user)) + user]
    targets[row, column] = items[np.arange(len(user)) + user + 1]
    return inputs, targets
