"""Groups of cases by history length and by the recommender's confidence."""

from collections.abc import Sequence

import numpy as np

from reward_models.perturb.effects import Question
from reward_models.perturb.measures import NO_UNTIL, YES_FROM, percentile
from reward_models.types import Recommender
from rl_explain.evaluation.partial_histories import Part, partial_history_scores

LENGTHS = ("history_short", "history_medium", "history_long")
CONFIDENCES = ("confidence_low", "confidence_medium", "confidence_high")
STRATA = (*LENGTHS, *CONFIDENCES)
"""Names of all groups."""


def by_length(histories: Sequence[Sequence[int]], longest: int) -> dict[str, np.ndarray]:
    """Groups by distinct items: up to a third, up to two thirds, and above two thirds of `longest`,
    the longest history that the recommender reads: group name to (N,) bool."""
    thirds = np.array([3 * len(set(history)) for history in histories], dtype=int)
    group = (thirds > longest).astype(int) + (thirds > 2 * longest)
    return {name: group == place for place, name in enumerate(LENGTHS)}


def by_confidence(confidence: np.ndarray) -> dict[str, np.ndarray]:
    """Terciles of `confidence` (N,): group name to (N,) bool; equal values stay together."""
    if not len(confidence):
        return {name: np.zeros(0, dtype=bool) for name in CONFIDENCES}
    low, high = np.quantile(confidence, [1 / 3, 2 / 3])
    group = (confidence > low).astype(int) + (confidence > high)
    return {name: group == place for place, name in enumerate(CONFIDENCES)}


def margins(questions: Sequence[Question], recommender: Recommender, num_items: int) -> np.ndarray:
    """How far each item's percentile is inside its label's range, in [0, 1]: (N,).

    0 at the label's threshold (0.8 for a yes, 0.5 for a no), 1 for the best or worst item.
    """
    parts = [Part(q.history, q.item, q.history) for q in questions]
    (percentiles,) = partial_history_scores(recommender, num_items, parts, [percentile])
    says_yes = np.array([q.label == "yes" for q in questions], dtype=bool)
    return np.where(says_yes, (percentiles - YES_FROM) / (1 - YES_FROM), 1 - percentiles / NO_UNTIL)
