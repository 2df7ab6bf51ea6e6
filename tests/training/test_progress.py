"""What a person reads of a training, with and without a terminal."""

import re
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from transformers import TrainerControl, TrainerState, TrainingArguments

from rl_explain import progress
from rl_explain.tasks.examples import Example
from rl_explain.training.groups import train_groups
from rl_explain.training.groups_settings import GRPOSettings
from rl_explain.training.pairs import Pair
from rl_explain.training.ppo.settings import PPOSettings
from rl_explain.training.ppo.train import train_ppo
from rl_explain.training.preference import train_dpo, train_orpo
from rl_explain.training.preference_settings import DPOSettings, ORPOSettings
from rl_explain.training.progress import TrainingProgress
from rl_explain.training.sft import train_sft
from rl_explain.training.sft_settings import SFTSettings

PROMPTS = {"prompt": [f"Give <|item_{i % 5}|>" for i in range(8)], "row": list(range(8))}
VALIDATION = {name: values[:4] for name, values in PROMPTS.items()}
SMALL: dict[str, Any] = {
    "iterations": 3,
    "rollout_batch_size": 4,
    "samples_per_prompt": 2,
    "minibatch_size": 8,
    "micro_batch_size": 8,
    "max_new_tokens": 4,
    "learning_rate": 1e-3,
    "eval_every": 2,
}
PAIRS = [Pair("The <|item_0|> for\n", "No. both of", "Yes. it of and", 1.0, -1.0)] * 20
EXAMPLES = [Example("classification", "hybrid", "Item: <|item_1|> for", "Yes")] * 20


def letters(completions: list[str], **columns: Any) -> list[float]:
    return [sum(c.isalpha() for c in text) / 12 for text in completions]


def lines(capfd: pytest.CaptureFixture[str], name: str) -> list[str]:
    """What was said of that training; nothing looks like a dictionary."""
    captured = capfd.readouterr()
    assert "{'" not in captured.out + captured.err
    return [line for line in captured.err.splitlines() if line.startswith(name)]


def numberless(line: str) -> str:
    """The line with N for every number but how far the training is."""
    start, *words = line.split("  ")
    return "  ".join([start, *(re.sub(r"-?\d+(\.\d+)?", "N", word) for word in words)])


class Clock:
    """Time that passes when told."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("time.monotonic", clock.monotonic)
    return clock


def test_ppo_says_a_line_an_iteration(
    sft_model: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    settings = PPOSettings(**SMALL, constrained_decoding=False)
    folder = tmp_path / "ppo"
    train_ppo(*sft_model(), PROMPTS, VALIDATION, letters, settings, folder, seed=0)
    expected = [
        "ppo 0/3  score N (validation)  N s",
        "ppo 1/3  reward N  score N (validation at N)  KL N  N s  left N s",
        "ppo 2/3  reward N  score N (validation)  KL N  N s  left N s",
        "ppo 3/3  reward N  score N (validation)  KL N  N s",
    ]
    said = lines(capfd, "ppo")
    assert [numberless(line) for line in said] == expected


def test_grpo_says_a_line_an_iteration(
    sft_model: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder, settings = (
        tmp_path / "grpo",
        GRPOSettings(**SMALL | {"minibatch_size": 4, "micro_batch_size": 4}),
    )
    train_groups(*sft_model(), PROMPTS, VALIDATION, letters, settings, folder, seed=0)
    said = lines(capfd, "grpo")
    assert [line.split("  ")[0] for line in said] == [
        "grpo 0/3",
        "grpo 1/3",
        "grpo 2/3",
        "grpo 3/3",
    ]
    assert all("reward" in line and "KL" in line for line in said[1:])


@pytest.mark.parametrize(
    ("name", "train", "data", "settings"),
    [
        ("sft", train_sft, EXAMPLES, SFTSettings(steps=25, batch_size=2, learning_rate=1e-3)),
        ("orpo", train_orpo, PAIRS, ORPOSettings(epochs=2.5, batch_size=2, learning_rate=1e-3)),
        ("dpo", train_dpo, PAIRS, DPOSettings(epochs=2.5, batch_size=2, learning_rate=1e-3)),
    ],
)
def test_other_trainings_say_a_line_every_few_steps(
    sft_model: Any,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    name: str,
    train: Any,
    data: Any,
    settings: Any,
) -> None:
    (tmp_path / name).mkdir()
    train(*sft_model(), data, settings, tmp_path / name, seed=0)
    said = lines(capfd, name)
    first, second = map(numberless, said)
    assert first == f"{name} 10/25  loss N  N s  left N s"
    assert second == f"{name} 20/25  loss N  N s  left N s"


def test_the_time_left_is_that_of_the_iterations_done(
    clock: Clock, capfd: pytest.CaptureFixture[str]
) -> None:
    """Two steps an iteration; resumed after iteration 1 of 5; then 30 s an iteration.

    After iterations 2 and 3 there are three and two iterations left: 90 s and 60 s. What came
    before the first iteration, 100 s, is said once and counts for no estimate.
    """
    args, control = TrainingArguments(), TrainerControl()
    state = TrainerState(global_step=2, max_steps=10, is_world_process_zero=True)
    with progress.bar() as bar:
        told = TrainingProgress("ppo", 2, bar)
        told.on_train_begin(args, state, control)
        clock.now = 100.0
        told.on_log(args, state, control, {"validation/score": 0.25})
        told.on_epoch_begin(args, state, control)
        for iteration in (2, 3):
            state.global_step = 2 * iteration
            told.on_step_end(args, state, control)
            clock.now += 30.0
            told.on_log(args, state, control, {"loss": 0.1, "score": 0.5, "kl": 1.25})
            told.on_epoch_begin(args, state, control)
    assert capfd.readouterr().err.splitlines() == [
        "ppo 1/5  score 0.25 (validation)  100 s",
        "ppo 2/5  reward 0.50  score 0.25 (validation at 1)  KL 1.2  30 s  left 90 s",
        "ppo 3/5  reward 0.50  score 0.25 (validation at 1)  KL 1.2  30 s  left 60 s",
    ]


def test_a_long_loop_says_now_and_then_how_far_it_is(
    clock: Clock, capfd: pytest.CaptureFixture[str]
) -> None:
    """Batches of two, five seconds each: after 20 and 40 s, never at the end."""
    seen = []
    for batch in progress.track([[i, i] for i in range(12)], "validation", size=len):
        seen.append(batch)
        clock.now += 5.0
    assert len(seen) == 12
    assert capfd.readouterr().err.splitlines() == [
        "validation 8/24  20 s  left 40 s",
        "validation 16/24  40 s  left 20 s",
    ]


def test_a_short_loop_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    assert list(progress.track([1, 2], "validation")) == [1, 2]
    assert list(progress.track([], "validation")) == []
    assert capfd.readouterr().err == ""


def test_a_terminal_has_a_bar_and_the_same_lines(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with (tmp_path / "terminal").open("w+") as file:
        monkeypatch.setattr(progress, "_console", Console(file=file, force_terminal=True, width=80))
        with progress.bar() as outer:
            outer.update(outer.add_task("ppo", total=3), completed=1)
            for _ in progress.track([1, 2], "sampling"):
                progress.say("ppo 1/3  reward 0.50")
        file.seek(0)
        shown = file.read()
    assert "━" in shown and "1/3" in shown and "sampling" in shown
    assert shown.count("ppo 1/3  reward 0.50\n") == 2
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")  # the cursor is visible again


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (119.4, "119 s"), (120, "2 min"), (7100, "118 min"), (9000, "2.5 h")],
)
def test_durations(seconds: float, words: str) -> None:
    assert progress.duration(seconds) == words
