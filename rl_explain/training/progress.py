"""Progress lines: one per iteration of a training, or one every few steps."""

import time
from typing import Any

from rich.progress import Progress
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from rl_explain.progress import duration, say
from rl_explain.training.validation import VALIDATION_SCORE


class TrainingProgress(TrainerCallback):
    """Prints the logged values and an estimate of the time left.

        ppo 6/18  reward 0.61  score 0.72 (validation)  KL 1.3  14 s  left 2 min
        sft 40/100  loss 1.234  5 s  left 8 s

    `reward` is the mean over an iteration's completions. `score` is from the last validation, with
    its iteration if that is earlier. `KL` is in nats per completion, or as TRL defines it. Seconds
    count from the previous line.

    Args:
        name: name of the training.
        steps: optimiser steps per iteration; 1 for trainings that count steps.
        bar: the terminal's progress bar, which is updated too.
    """

    def __init__(self, name: str, steps: int, bar: Progress) -> None:
        self._name, self._steps, self._bar = name, steps, bar
        self._task = bar.add_task(name, total=None)
        self._figures: dict[str, float] = {}
        self._validated: tuple[int, float] | None = None
        self._begun: tuple[int, float] | None = None
        self._logged_at = self._told_at = time.monotonic()

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self._advance(state)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        # Validation is logged before or after its iteration, so a line waits for both.
        self._figures |= logs or {}
        self._logged_at = time.monotonic()

    def on_epoch_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self._tell(state)
        if self._begun is None:
            self._begun = (state.global_step // self._steps, time.monotonic())

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self._tell(state)

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self._advance(state)

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self._tell(state)

    def _advance(self, state: TrainerState) -> None:
        done, total = state.global_step // self._steps, state.max_steps // self._steps
        self._bar.update(self._task, completed=done, total=total)

    def _tell(self, state: TrainerState) -> None:
        done, total = state.global_step // self._steps, state.max_steps // self._steps
        words = self._words(done)
        self._figures = {}
        if not words or not state.is_world_process_zero:
            return
        words += [duration(self._logged_at - self._told_at), *self._left(done, total)]
        self._told_at = self._logged_at
        say("  ".join([f"{self._name} {done}/{total}", *words]))

    def _words(self, done: int) -> list[str]:
        """The parts of a line for the figures logged since the last line."""
        new = self._figures
        if VALIDATION_SCORE in new:
            self._validated = (done, new[VALIDATION_SCORE])
        if "loss" in new and "score" not in new:
            return [f"loss {new['loss']:.3f}"]
        words = [f"reward {new['score']:.2f}"] if "score" in new else []
        if self._validated and (words or VALIDATION_SCORE in new):
            at, score = self._validated
            words.append(f"score {score:.2f} (validation{f' at {at}' if at < done else ''})")
        return words + ([f"KL {new['kl']:.1f}"] if "kl" in new else [])

    def _left(self, done: int, total: int) -> list[str]:
        if self._begun is None or not self._begun[0] < done < total:
            return []
        first, started = self._begun
        pace = (self._logged_at - started) / (done - first)
        return [f"left {duration(pace * (total - done))}"]
