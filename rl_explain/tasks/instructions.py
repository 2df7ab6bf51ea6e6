"""General instructions against forgetting: generated, or from a user's file."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from rl_explain.errors import UserError
from rl_explain.tasks.examples import Example
from rl_explain.tasks.prompts import load_templates

PLACES = ("first", "second", "third", "last")
LENGTHS = (3, 8)
"""Minimum and maximum words of an instruction."""


def instruction_examples(
    titles: Sequence[str], count: int, rng: np.random.Generator, path: Path | None = None
) -> list[Example]:
    """`count` instructions from the file at `path`, or generated about words of the titles.

    Raises:
        UserError: the file is missing or empty, or a line lacks prompt or completion.
    """
    if path is None:
        words = np.array(sorted({word for title in titles for word in title.split()}))
        return [_generated(words, rng) for _ in range(count)]
    rows = read_instructions(path)
    return [rows[i] for i in rng.permutation(np.arange(count) % len(rows))]


def read_instructions(path: Path) -> list[Example]:
    """Read JSON lines of `{"prompt": ..., "completion": ...}`; errors as `instruction_examples`."""
    if not path.is_file():
        raise UserError(f"tasks.instructions is {path}, which does not exist: correct the path.")
    lines = path.read_text(encoding="utf-8").split("\n")
    rows = [_parse(line, f"{path}, line {i}") for i, line in enumerate(lines, 1) if line.strip()]
    if not rows:
        raise UserError(f"tasks.instructions is {path}, which is empty: add lines or unset it.")
    return rows


def _parse(line: str, where: str) -> Example:
    try:
        row = json.loads(line)
        prompt, completion = row["prompt"], row["completion"]
    except (ValueError, TypeError, KeyError):
        prompt = completion = None
    if not isinstance(prompt, str) or not isinstance(completion, str):
        raise UserError(
            f"{where} is {line[:60]!r}: write a JSON object with strings prompt and completion."
        )
    return Example("instruction", "behaviour", prompt, completion)


def _generated(words: np.ndarray, rng: np.random.Generator) -> Example:
    size = min(int(rng.integers(LENGTHS[0], LENGTHS[1] + 1)), len(words))
    chosen = rng.choice(words, size, replace=False).tolist()
    place = str(rng.choice(PLACES))
    kind = str(rng.choice(list(ANSWERS)))
    prompt = load_templates().draw("instruction", kind, rng)
    prompt = prompt.format(words=" ".join(chosen), place=place)
    return Example("instruction", "behaviour", prompt, ANSWERS[kind](chosen, place))


def _pick(words: Sequence[str], place: str) -> str:
    return words[-1] if place == "last" else words[min(PLACES.index(place), len(words) - 1)]


ANSWERS: dict[str, Callable[[Sequence[str], str], str]] = {
    "copy": lambda words, place: " ".join(words),
    "sort": lambda words, place: " ".join(sorted(words, key=str.casefold)),
    "pick": _pick,
    "count": lambda words, place: str(len(words)),
}
