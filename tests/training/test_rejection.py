"""Rejection sampling: which samples are trained on."""

import json
from pathlib import Path

import pytest

from rl_explain.errors import UserError
from rl_explain.tasks.examples import Example
from rl_explain.training.pairs import SAMPLES_FILE
from rl_explain.training.rejection import best_samples

QUESTIONS = [Example("explanation", "hybrid", f"prompt {i}", "") for i in range(4)]


def write(folder: Path, *rows: tuple[int, str, float | str | None]) -> None:
    lines = [
        {"number": number, "prompt": f"prompt {number}", "completion": text, "total": total}
        for number, text, total in rows
    ]
    (folder / SAMPLES_FILE).write_text("".join(json.dumps(line) + "\n" for line in lines))


def test_the_best_scored_sample_of_each_prompt(tmp_path: Path) -> None:
    write(
        tmp_path,
        *((0, "a", 0.1), (0, "b", 0.7), (0, "c", None)),
        *((1, "d", None), (1, "e", "FAILED"), (1, "f", None)),
        *((2, "g", -0.5), (2, "h", "FAILED"), (2, "i", -0.6)),
    )
    found = best_samples(tmp_path, QUESTIONS)
    assert [(e.prompt, e.completion) for e in found] == [("prompt 0", "b"), ("prompt 2", "g")]


def test_without_samples_it_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="run the pairs stage first"):
        best_samples(tmp_path, QUESTIONS)
