"""Does the explanation avoid repetition?

    score = 1 - max(repeated 4-grams, sentences that name a title twice, repeated sentences)

Each is a share:

- repeated 4-grams: seq-rep-4 of Welleck et al. 2020 (arXiv 1908.04319), 1 - distinct / all, over
  case-folded words; a catalogue title counts as one word;
- sentences that name a title twice: among the sentences that name titles. Naming a title again in a
  later sentence costs nothing;
- repeated sentences: 1 - distinct / all.

A text without words scores 0.

Range [0, 1]. Tasks: explanation. Resists: a title as its own reason (`"A" is there because of
"A"`), one title or sentence repeated, and texts that loop until they are cut off, which PPO learns
from a length bonus.
"""

import re
from collections.abc import Hashable, Sequence

from reward_models.context import RewardContext
from reward_models.text.phrases import fold
from reward_models.text.reading import Reading
from reward_models.text.sentences import sentences
from reward_models.types import Score

GRAM = 4
"""Words in an n-gram."""

_WORD = re.compile(r"\w+")


def repetition(
    completions: Sequence[str],
    *,
    context: RewardContext,
    task: Sequence[str],
    **columns: object,
) -> list[Score]:
    """1 for an explanation that repeats nothing, in [0, 1]. `None` for other tasks."""
    return [
        _score(text, context.read(text)) if kind == "explanation" else None
        for text, kind in zip(completions, task, strict=True)
    ]


def _score(text: str, reading: Reading) -> float:
    spans = list(sentences(reading.masked))
    said = [_words(text, reading, start, end) for start, end in spans]
    words = [word for sentence in said for word in sentence]
    if not words:
        return 0.0
    grams = list(zip(*(words[start:] for start in range(GRAM)), strict=False))
    return 1 - max(
        _repeated(grams), _naming_twice(reading, spans), _repeated([*filter(None, said)])
    )


def _words(text: str, reading: Reading, start: int, end: int) -> tuple[str | int, ...]:
    """The words of `text[start:end]` without case, each title as its item."""
    words: list[str | int] = []
    for citation in reading.citations:
        if start <= citation.start < end:
            words += [*_WORD.findall(fold(text[start : citation.start])), citation.item]
            start = citation.end
    return (*words, *_WORD.findall(fold(text[start:end])))


def _naming_twice(reading: Reading, spans: Sequence[tuple[int, int]]) -> float:
    """Among the sentences that name titles, the share that names one twice."""
    named = [[c.item for c in reading.citations if start <= c.start < end] for start, end in spans]
    twice = [len(set(items)) < len(items) for items in named if items]
    return sum(twice) / max(1, len(twice))


def _repeated(things: Sequence[Hashable]) -> float:
    """Share of things that occurred before."""
    return 1 - len(set(things)) / len(things) if things else 0.0
