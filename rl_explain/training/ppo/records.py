"""What an iteration leaves in log.jsonl and samples.jsonl."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from reward_models.composite import CompositeResult
from reward_models.types import Score

ITERATION = "iteration"
"""The key, in every line, of the number of iterations begun: 1 for the first."""


class Rewind(TrainerCallback):
    """Drops the lines of iterations after the checkpoint that training resumes from."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = paths

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        if state.is_world_process_zero:
            for path in self.paths:
                _keep_until(path, round(state.epoch or 0))


def _keep_until(path: Path, iteration: int) -> None:
    """Keep the lines up to an iteration; a line that was cut off while written goes too."""
    if not path.exists():
        return
    lines = [line for line in path.read_text("utf-8").split("\n")[:-1] if line]
    kept = [line for line in lines if json.loads(line)[ITERATION] <= iteration]
    path.write_text("".join(line + "\n" for line in kept), encoding="utf-8")


def append_samples(
    path: Path,
    iteration: int,
    prompts: Sequence[str],
    completions: Sequence[str],
    result: CompositeResult,
    count: int,
) -> None:
    """Append the first `count` completions, each with its total and every term."""
    scores: Mapping[str, Sequence[Score]] = {"total": result.total, **result.terms}
    with path.open("a", encoding="utf-8") as file:
        for i in range(min(count, len(completions))):
            row = {ITERATION: iteration, "prompt": prompts[i], "completion": completions[i]}
            values = {name: _plain(column[i]) for name, column in scores.items()}
            file.write(json.dumps(row | values, ensure_ascii=False) + "\n")


def _plain(score: Score) -> float | str | None:
    return score if score is None or isinstance(score, int | float) else repr(score)
