"""Does the explanation have the form that prompts ask for?

The score is the share of these rules that the text follows:

1. one verdict, given once, first or last (`text.verdict`);
2. the last sentence ends and no quote is open: the text is not cut off;
3. every title is in straight double quotes;
4. prose: no bullets or numbers before lines, no semicolons, no line breaks;
5. nothing that looks like a virtual token, `<|item_12|>`.

A text with no word besides its verdict and titles scores 0. DeepSeek-R1 uses a similar format
reward (Guo et al. 2025, section 2.2.2).

Range [0, 1]. Tasks: explanation. Resists: unquoted titles, which the citation finder may miss;
texts that are cut off at the token limit; lists instead of sentences; virtual tokens as text.
"""

import re
from collections.abc import Sequence

from reward_models.context import RewardContext
from reward_models.text.citations import MASK, quoted
from reward_models.text.reading import Reading
from reward_models.text.verdict import set_off
from reward_models.types import Score

_TOKEN = re.compile(r"<\s*\|.*?\|\s*>|<\|")
_LIST = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s|;|\n", re.MULTILINE)
_END = re.compile(r"""[.!?][)'"”]*$""")
_OWN_WORD = re.compile(rf"\b(?!(?:yes|no|verdict|answer)\b)[^\W\d_{MASK}]", re.IGNORECASE)


def well_formed(
    completions: Sequence[str],
    *,
    context: RewardContext,
    task: Sequence[str],
    **columns: object,
) -> list[Score]:
    """Share of the five rules that each explanation follows, in [0, 1]. `None` for other tasks."""
    return [
        _score(text.strip(), context) if kind == "explanation" else None
        for text, kind in zip(completions, task, strict=True)
    ]


def _score(text: str, context: RewardContext) -> float:
    reading = context.read(text)
    if not _OWN_WORD.search(reading.masked):
        return 0.0
    rules = (
        _one_verdict(reading),
        _END.search(text) is not None and text.count('"') % 2 == 0,
        _in_straight_quotes(text, reading),
        not _LIST.search(reading.masked),
        not _TOKEN.search(text),
    )
    return sum(rules) / len(rules)


def _one_verdict(reading: Reading) -> bool:
    text, words = reading.masked, set_off(reading.masked)
    if reading.verdict not in ("yes", "no") or len(words) != 1:
        return False
    start, end = words[0].span(1)
    return not re.search(r"\w", text[:start]) or not re.search(r"\w", text[end:])


def _in_straight_quotes(text: str, reading: Reading) -> bool:
    straight = {start for start, _ in quoted(text) if text[start - 1] == '"'}
    return "“" not in text and all(citation.start in straight for citation in reading.citations)
