"""Does the explanation say things once?

    score = 1 - max(repeated 4-grams, sentences that name a title twice, repeated sentences)

each a share of its kind. Of 4-grams it is seq-rep-4 of Welleck et al. 2020 (arXiv 1908.04319): 1 -
distinct / all, over words without case, a catalogue title counting as one word. Of sentences that
name titles it is the share that names one of them twice; a title that returns in a later sentence,
to say more of it, costs nothing. Of sentences it is the share that stood there before. A text
without words scores 0.

Range [0, 1]. Tasks: explanation. Resists: a title as its own reason (`"A" is there because of
"A"`), one title or one sentence again and again, and texts that go round in circles until they are
cut off, which is what PPO makes of a bonus for length.
"""

import re
from collections.abc import Hashable, Sequence

from reward_models.context import RewardContext
from reward_models.text.phrases import fold
from reward_models.text.reading import Reading
from reward_models.text.sentences import sentences
from reward_models.types import Score

GRAM = 4
"""Words of the n-grams that must not return."""

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
    """Share, of the sentences that name titles, of those that name one twice."""
    named = [[c.item for c in reading.citations if start <= c.start < end] for start, end in spans]
    twice = [len(set(items)) < len(items) for items in named if items]
    return sum(twice) / max(1, len(twice))


def _repeated(things: Sequence[Hashable]) -> float:
    """Share of the things that stood there before."""
    return 1 - len(set(things)) / len(things) if things else 0.0
