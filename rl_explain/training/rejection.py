"""Rejection sampling: SFT on the best of several samples of each prompt.

The baseline for reinforcement learning: the same reward and samples, but no policy gradient
(Touvron et al. 2023, arXiv 2307.09288, section 3.2.3).
"""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from rl_explain.tasks.examples import Example
from rl_explain.training.pairs import read_samples


def best_samples(folder: Path, examples: Sequence[Example]) -> list[Example]:
    """The best completion of each prompt that the stage `pairs` sampled, as examples.

    Prompts without a scored sample are left out.

    Args:
        folder: the folder of the stage `pairs`.
        examples: the questions in order; `pairs` may have sampled only the first ones.
    """
    groups = [list(rows) for _, rows in groupby(read_samples(folder), lambda row: row["number"])]
    best = [max(filter(_scored, rows), key=_total, default=None) for rows in groups]
    return [
        Example(e.task, e.form, e.prompt, row["completion"])
        for e, row in zip(examples, best, strict=False)
        if row is not None
    ]


def _scored(row: dict[str, Any]) -> bool:
    return isinstance(row["total"], float)


def _total(row: dict[str, Any]) -> float:
    return float(row["total"])
