"""Do explanations cite the causes that the demo data planted?"""

from collections.abc import Sequence

import numpy as np

from reward_models.text.reading import Reading
from rl_explain.data.demo import carriers
from rl_explain.data.interactions import Interactions
from rl_explain.evaluation.cases import Columns
from rl_explain.tasks.examples import Example


def causes(
    readings: Sequence[Reading], examples: Sequence[Example], interactions: Interactions
) -> Columns:
    """F1 of the cited items against those that carry the planted cause, beside chance and limit.

    Chance is the expected F1 of as many random distinct items of the history, the limit the best F1
    of as many: prompts mostly ask for fewer items than there are causes, which keeps it below 1.
    Only yes items that carry a taste of the user, with a history that carries it too, have causes
    to find. No column where nothing is planted.
    """
    if interactions.causes is None:
        return {}
    rows = [
        _f1_chance_limit(reading, example, interactions)
        for reading, example in zip(readings, examples, strict=True)
    ]
    f1, chance, limit = np.array(rows, dtype=float).reshape(-1, 3).T
    return {"causes/f1": f1, "causes/f1_chance": chance, "causes/f1_limit": limit}


def _f1_chance_limit(
    reading: Reading, example: Example, interactions: Interactions
) -> tuple[float, float, float]:
    true = _carriers(example, interactions)
    if not true:
        return np.nan, np.nan, np.nan
    cited = set(reading.cited(example.history))
    total = len(cited) + len(true)
    # A random set of |C| of n items meets |C| |true| / n of the true ones in the mean.
    met = len(cited) * len(true) / len(set(example.history))
    most = min(len(cited), len(true))
    return 2 * len(cited & true) / total, 2 * met / total, 2 * most / total


def _carriers(example: Example, interactions: Interactions) -> set[int]:
    if example.label != "yes" or example.item is None or interactions.causes is None:
        return set()
    tastes = interactions.causes[example.user]
    return set(carriers(interactions.catalogue, tastes, example.history, example.item))
