"""Whether explanations cite the planted causes of the demo data."""

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
    """F1 of the cited items against those that carry the planted cause, with chance and limit.

    Chance is the expected F1 of the same number of random distinct history items, the limit the
    best F1 of that number. The limit is mostly below 1: prompts ask for fewer items than there are
    causes. Causes exist only for yes items that carry one of the user's tastes, if the history
    carries it too. No columns if the data has no planted causes.
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
    # On average, |C| random items of n include |C| |true| / n true ones.
    expected = len(cited) * len(true) / len(set(example.history))
    most = min(len(cited), len(true))
    return 2 * len(cited & true) / total, 2 * expected / total, 2 * most / total


def _carriers(example: Example, interactions: Interactions) -> set[int]:
    if example.label != "yes" or example.item is None or interactions.causes is None:
        return set()
    tastes = interactions.causes[example.user]
    return set(carriers(interactions.catalogue, tastes, example.history, example.item))
