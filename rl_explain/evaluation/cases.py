"""Explanation questions, and metric columns with one value per question."""

from collections.abc import Mapping
from typing import TypeAlias, cast

import numpy as np

from reward_models.perturb.effects import Question
from reward_models.types import Label
from rl_explain.tasks.examples import Example

Columns: TypeAlias = dict[str, np.ndarray]
"""Metric name to one value per case (N,) float, NaN where the metric does not apply."""


def question(example: Example) -> Question:
    """The question why the recommender gives the example's item its label.

    Raises:
        ValueError: the example has no item or no label.
    """
    if example.item is None or example.label is None:
        raise ValueError(f"an example of task {example.task!r} has no item or no label to explain.")
    return Question(example.history, example.item, cast(Label, example.label))


def spread(columns: Mapping[str, np.ndarray], keep: np.ndarray) -> Columns:
    """Expand columns of the cases that `keep` (N,) bool selects to all N; NaN elsewhere."""
    wide = {name: np.full(len(keep), np.nan) for name in columns}
    for name, values in columns.items():
        wide[name][keep] = values
    return wide


def split(columns: Columns, name: str, groups: Mapping[str, np.ndarray]) -> Columns:
    """The column `name` per group of cases, as `name/group`; `groups` maps names to (N,) bool."""
    return {f"{name}/{g}": np.where(keep, columns[name], np.nan) for g, keep in groups.items()}
