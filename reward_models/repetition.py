"""Does the explanation say things once?

    score = 1 - max(repeated 4-grams, repeated titles, repeated sentences)

each a share of its kind that stood there before. Of 4-grams it is seq-rep-4 of Welleck et al. 2020
(arXiv 1908.04319): 1 - distinct / all, over words without case. A title may stand twice, as when a
second sentence says more of it; mentions beyond that count. A text without words scores 0.

Range [0, 1]. Tasks: explanation. Resists: one title or one sentence said again and again, and texts
that go round in circles until they are cut off, which is what PPO makes of a bonus for length.
"""

import re
from collections import Counter
from collections.abc import Hashable, Sequence

from reward_models.context import RewardContext
from reward_models.text.phrases import fold
from reward_models.types import Score

GRAM = 4
"""Words of the n-grams that must not return."""
MENTIONS = 2
"""Times that a title may stand."""

_WORD = re.compile(r"\w+")
_SENTENCE_END = re.compile(r"[.!?\n]+")


def repetition(
    completions: Sequence[str],
    *,
    context: RewardContext,
    task: Sequence[str],
    **columns: object,
) -> list[Score]:
    """1 for an explanation that repeats nothing, in [0, 1]. `None` for other tasks."""
    return [
        _score(text, context) if kind == "explanation" else None
        for text, kind in zip(completions, task, strict=True)
    ]


def _score(text: str, context: RewardContext) -> float:
    words = _WORD.findall(fold(text))
    if not words:
        return 0.0
    grams = list(zip(*(words[start:] for start in range(GRAM)), strict=False))
    titles = [citation.item for citation in context.read(text).citations]
    sentences = [" ".join(_WORD.findall(part)) for part in _SENTENCE_END.split(fold(text))]
    repeated = (
        _repeated(grams),
        _repeated(titles, MENTIONS),
        _repeated([sentence for sentence in sentences if sentence]),
    )
    return 1 - max(repeated)


def _repeated(things: Sequence[Hashable], allowed: int = 1) -> float:
    """Share of the things that stand more often than is allowed."""
    if len(set(things)) == len(things):
        return 0.0
    counts = Counter(things)
    return sum(max(0, n - allowed) for n in counts.values()) / max(1, len(things))
