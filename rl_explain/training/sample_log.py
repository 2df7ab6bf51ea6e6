"""What an iteration of sampling leaves in samples.jsonl."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from reward_models.composite import CompositeResult
from reward_models.types import Score
from rl_explain.training.logs import keep_until

ITERATION = "iteration"
"""The key, in every line, of the number of iterations begun: 1 for the first."""


class Rewind(TrainerCallback):
    """Drops the samples of iterations after the checkpoint that training resumes from.

    Args:
        steps: optimiser steps of an iteration.
    """

    def __init__(self, path: Path, steps: int) -> None:
        self.path, self.steps = path, steps

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        if state.is_world_process_zero:
            keep_until(self.path, ITERATION, state.global_step // self.steps)


def append_samples(
    path: Path,
    iteration: int,
    prompts: Sequence[str],
    completions: Sequence[str],
    result: CompositeResult,
    count: int,
) -> None:
    """Append `count` completions, evenly spaced, each with its total and every term."""
    scores: Mapping[str, Sequence[Score]] = {"total": result.total, **result.terms}
    with path.open("a", encoding="utf-8") as file:
        for i in range(0, len(completions), max(1, len(completions) // max(1, count)))[:count]:
            row = {ITERATION: iteration, "prompt": prompts[i], "completion": completions[i]}
            values = {name: _plain(column[i]) for name, column in scores.items()}
            file.write(json.dumps(row | values, ensure_ascii=False) + "\n")


def _plain(score: Score) -> float | str | None:
    return score if score is None or isinstance(score, int | float) else repr(score)
