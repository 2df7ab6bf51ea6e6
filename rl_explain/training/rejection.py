"""Rejection sampling: supervised training on the best of several samples of each prompt.

What reinforcement must beat: the same reward and the same samples, without a gradient of it
(Touvron et al. 2023, arXiv 2307.09288, section 3.2.3).
"""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from rl_explain.tasks.examples import Example
from rl_explain.training.pairs import read_samples


def best_samples(folder: Path, examples: Sequence[Example]) -> list[Example]:
    """For each prompt that the stage `pairs` sampled, its best completion as an example.

    Prompts none of whose samples got a score are left out.

    Args:
        folder: of the stage `pairs`.
        examples: the questions sampled from, in order; the first ones may be all that were.
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
