"""Scores that a reward function gives an iteration's completions."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from reward_models.composite import CompositeResult
from reward_models.types import FAILED, Score
from rl_explain.training.reward_protocol import RewardFunction

Columns = Mapping[str, Sequence[Any]]
"""Column name to one value per row; `prompt` is in the model's format, `question` is the same text
without a chat template."""


def take(columns: Columns, rows: Sequence[int]) -> dict[str, list[Any]]:
    """Some rows of the columns."""
    return {name: [values[row] for row in rows] for name, values in columns.items()}


def score(
    reward_fn: RewardFunction, completions: Sequence[str], columns: Columns
) -> CompositeResult:
    """Totals and terms of the completions.

    Raises:
        ValueError: the function returned a different number of totals.
    """
    result = reward_fn(completions, **columns)
    if not isinstance(result, CompositeResult):
        result = CompositeResult([_checked(total) for total in result], {})
    if len(result.total) != len(completions):
        raise ValueError(
            f"reward_fn returned {len(result.total)} totals for {len(completions)} completions."
        )
    return result


def scored_rows(result: CompositeResult) -> list[int]:
    """Rows whose total is a number; the others (`None`, `FAILED`) are not trained on."""
    return [row for row, total in enumerate(result.total) if isinstance(total, int | float)]


def totals(result: CompositeResult, rows: Sequence[int]) -> Tensor:
    """Totals (n,) of scored rows, float32."""
    return torch.tensor([float(result.total[row]) for row in rows])  # type: ignore[arg-type]


def summary(result: CompositeResult) -> dict[str, float]:
    """`score`, the mean total if any completion has one, and `reward/...`, the result's summary."""
    rows = scored_rows(result)
    mean = {"score": totals(result, rows).mean().item()} if rows else {}
    return mean | {f"reward/{name}": value for name, value in result.summary().items()}


def _checked(total: Score) -> Score:
    """The total; `FAILED` if it is not finite."""
    return FAILED if isinstance(total, float) and not math.isfinite(total) else total
