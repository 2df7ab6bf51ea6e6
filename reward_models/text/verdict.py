"""Finds the verdict of a text: yes or no.

The word Yes or No is a verdict if it is

1. *set off* by punctuation or line ends, `Yes.`, `No,`, `Verdict: yes`, and is the first or last
   word of the text; or
2. *announced*, anywhere: `the answer is no`, `verdict: no for this user`, `no is the answer`.

"No item here ...", "there is no doubt" and "No, there is nothing else" within a text are not
verdicts. A text is contradictory if both words are verdicts, or if one is and the other is a
sentence by itself: `Yes. It fits. No. It does.`
"""

import re
from collections.abc import Iterator
from typing import Literal, TypeAlias

Verdict: TypeAlias = Literal["yes", "no", "missing", "contradictory"]

_SET_OFF = re.compile(
    r"(?:^|\n|[^\w\s'’-])\s*\b(yes|no)\b(?=[^\S\n]*(?:[^\w\s'’-]|\n|$)|\s+-)", re.IGNORECASE
)
_IS = r"(?:is|was|would be|must be|has to be|should be)"
_ANNOUNCED = re.compile(
    rf"\b(?:verdict|answer)(?:\s*[:=-]|\W+{_IS}\b)(?:\s+(?:clearly|therefore|still|simply))?\W*(yes|no)\b"
    r"(?!\s+(?:doubt|wonder|question|surprise|longer|other|more|less|one)\b)"
    rf"|\b(yes|no)\s+{_IS}\s+(?:the\s+(?:answer|verdict)|right)\b"
    r"|\bso\b\W+(?:it\s+is\s+(?:a\s+)?)?(yes|no)(?=\W*(?:$|\n)|[.!])"
    r"|\bso\b\W+(yes|no)\s+then\b",
    re.IGNORECASE,
)
# Every announcement contains one of these; without them the slow pattern is skipped.
_HINTS = ("answer", "verdict", "so ", "so:", "so,", " right")
_ALONE = re.compile(r"(?:^|[.!?:;]\s|\n)\W*(yes|no)(?=\s*(?:[.!]|\n|$))", re.IGNORECASE)
_WORD = re.compile(r"\w")


def parse_verdict(text: str) -> Verdict:
    """The verdict of a text whose titles and quotes are masked (`citations.mask`)."""
    given = set(_given(text))
    if not given:
        return "missing"
    said = given | {word[1].lower() for word in _ALONE.finditer(text)}
    if len(said) == 2:
        return "contradictory"
    return "yes" if "yes" in said else "no"


def set_off(text: str) -> list[re.Match[str]]:
    """Every yes or no that is set off, at any position, as group 1."""
    return list(_SET_OFF.finditer(text))


def _given(text: str) -> Iterator[str]:
    """The words that are verdicts, in lower case."""
    for word in set_off(text):
        if _is_first_or_last(text, *word.span(1)):
            yield word[1].lower()
    lower = text.lower()
    announcing = any(hint in lower for hint in _HINTS)
    for announced in _ANNOUNCED.finditer(text) if announcing else ():
        yield next(filter(None, announced.groups())).lower()


def _is_first_or_last(text: str, start: int, end: int) -> bool:
    """Whether no word comes before `text[start:end]`, or none after it."""
    return not _WORD.search(text, 0, start) or not _WORD.search(text, end)
