"""Scores many histories with few recommender calls of bounded size."""

from collections.abc import Iterator, Sequence

import numpy as np

from reward_models.types import History, Recommender

MAX_BYTES = 8 * 2**20
"""Largest float32 array of scores, so that the comparison after it works in the CPU cache."""


def score_chunks(
    recommender: Recommender, histories: Sequence[History], num_items: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Scores of all items given each history, in chunks; equal histories are scored once.

    Yields:
        Indices into `histories` (b,) and their scores (b, num_items). Each index occurs once; the
        order is arbitrary.

    Raises:
        ValueError: the recommender returned scores of another shape.
    """
    first_seen: dict[History, int] = {}
    which = np.array([first_seen.setdefault(h, len(first_seen)) for h in histories], dtype=np.intp)
    unique = list(first_seen)
    order = np.argsort(which, kind="stable")
    size = max(1, MAX_BYTES // (4 * num_items))
    for begin in range(0, len(order), size):
        chunk = order[begin : begin + size]
        low, high = which[chunk[0]], which[chunk[-1]] + 1
        scores = np.asarray(recommender.score(unique[low:high]))
        if scores.shape != (high - low, num_items):
            raise ValueError(
                f"the recommender scored {high - low} histories as an array of shape "
                f"{scores.shape}: it must be ({high - low}, {num_items}), a score for every title."
            )
        yield chunk, scores if high - low == len(chunk) else scores[which[chunk] - low]
