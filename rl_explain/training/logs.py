"""Logs of a training: `log.jsonl`, one line per logged step, and `samples.jsonl`."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from reward_models.composite import CompositeResult
from reward_models.types import Score

LOG_FILE = "log.jsonl"
SAMPLES_FILE = "samples.jsonl"
ITERATION = "iteration"
"""Key of the iteration number in every line of samples; the first iteration is 1."""
LENGTHS = ("completion_length", "completions/mean_length")
"""Keys of the mean completion length of an iteration, in tokens: PPO's and TRL's."""


class JsonLinesLog(TrainerCallback):
    """Appends every logged step to a file; on resuming, drops lines after the checkpoint."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        if state.is_world_process_zero:
            # A fresh start drops everything, including lines from before the first step.
            keep_until(self.path, "step", state.global_step or -1)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        if state.is_world_process_zero:
            with self.path.open("a") as file:
                file.write(json.dumps({"step": state.global_step} | (logs or {})) + "\n")


class Rewind(TrainerCallback):
    """On resuming, drops the samples of iterations after the checkpoint.

    Args:
        steps: optimiser steps per iteration.
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
    """Append `count` evenly spaced completions, each with its total and every term."""
    scores: Mapping[str, Sequence[Score]] = {"total": result.total, **result.terms}
    with path.open("a", encoding="utf-8") as file:
        for i in range(0, len(completions), max(1, len(completions) // max(1, count)))[:count]:
            row = {ITERATION: iteration, "prompt": prompts[i], "completion": completions[i]}
            values = {name: plain(column[i]) for name, column in scores.items()}
            file.write(json.dumps(row | values, ensure_ascii=False) + "\n")


def plain(score: Score) -> float | str | None:
    """A score as a JSON value; `FAILED` becomes its name."""
    return score if score is None or isinstance(score, int | float) else repr(score)


def sampled_tokens(path: Path, metrics: Mapping[str, float]) -> int:
    """Tokens sampled in all iterations of a training, without validation.

    Args:
        path: the training's log.
        metrics: the training's `iterations` and `completions`.
    """
    lines = [json.loads(line) for line in path.read_text("utf-8").split("\n") if line]
    lengths = [line[name] for line in lines for name in LENGTHS if name in line]
    return round(sum(lengths) * metrics["completions"] / metrics["iterations"])


def keep_until(path: Path, key: str, last: int) -> None:
    """Keep the JSON lines whose `key` is at most `last`; drop an incomplete last line."""
    if not path.exists():
        return
    lines = [line for line in path.read_text("utf-8").split("\n")[:-1] if line]
    kept = [line for line in lines if json.loads(line)[key] <= last]
    path.write_text("".join(line + "\n" for line in kept), encoding="utf-8")
