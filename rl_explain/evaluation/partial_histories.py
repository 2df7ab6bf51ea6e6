"""The recommender's scores of an item on partial histories."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np

from reward_models.perturb.effects import Measure
from reward_models.perturb.perturbations import Perturbation, delete
from reward_models.perturb.scoring import score_chunks
from reward_models.types import History, Recommender


class Part(NamedTuple):
    """A query: the recommender's score of `item`, given only the items `kept` of `history`."""

    history: History
    item: int
    kept: Collection[int]


def partial_history_scores(
    recommender: Recommender,
    num_items: int,
    parts: Sequence[Part],
    measures: Sequence[Measure],
    perturb: Perturbation = delete,
) -> np.ndarray:
    """Each measure of each part: (len(measures), len(parts)) float64.

    NaN if nothing is kept: a recommender is never asked about an empty history.
    """
    found = np.full((len(measures), len(parts)), np.nan)
    asked = np.array([i for i, part in enumerate(parts) if part.kept], dtype=np.intp)
    items = np.array([part.item for part in parts], dtype=np.intp)
    histories = [_shown(parts[i], perturb) for i in asked]
    for chunk, scores in score_chunks(recommender, histories, num_items):
        rows = asked[chunk]
        originals = [parts[i].history for i in rows]
        for measure, values in zip(measures, found, strict=True):
            values[rows] = measure(scores, items[rows], originals)
    return found


def _shown(part: Part, perturb: Perturbation) -> History:
    return perturb(part.history, set(part.history).difference(part.kept))
