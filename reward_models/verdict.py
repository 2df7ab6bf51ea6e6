"""The yes or no that a text gives.

A verdict is the word Yes or No set off by punctuation or line ends: `Yes.`, `No,`, `Verdict: yes`;
or at the end of a sentence, `the answer is no.`. It stands first, last, or after the word "verdict"
or "answer". "No item here ..." and "there is no doubt" are none. A text that sets off both words
anywhere contradicts itself.
"""

import re
from typing import Literal, TypeAlias

Verdict: TypeAlias = Literal["yes", "no", "missing", "contradictory"]

_ENDS = r"(?:yes|no)[^\S\n]*(?:[.!?]|\n|$)"
_AFTER = r"(?<=answer\sis\s)|(?<=verdict\sis\s)"
_SET_OFF = re.compile(
    rf"(?:(?:^|\n|[^\w\s'’-])\s*|(?<=\s)(?={_ENDS})|{_AFTER})\b(yes|no)\b"
    r"(?=[^\S\n]*(?:[^\w\s'’-]|\n|$)|\s+-)",
    re.IGNORECASE,
)
_ANNOUNCED = re.compile(
    r"\b(?:verdict|answer)\W*(?:(?:is|was|would be|must be)\W*)?$", re.IGNORECASE
)
_WORD = re.compile(r"\w")


def parse_verdict(text: str) -> Verdict:
    """The verdict of a text whose titles and quotes are masked (`citations.mask`)."""
    words = set_off(text)
    said: set[Verdict] = {"yes" if word[1].lower() == "yes" else "no" for word in words}
    if len(said) == 2:
        return "contradictory"
    if not any(_stands_apart(text, word.start(1), word.end(1)) for word in words):
        return "missing"
    return said.pop()


def set_off(text: str) -> list[re.Match[str]]:
    """Every yes or no that is set off, as group 1, wherever it stands."""
    return list(_SET_OFF.finditer(text))


def _stands_apart(text: str, start: int, end: int) -> bool:
    first = not _WORD.search(text, 0, start)
    last = not _WORD.search(text, end)
    return first or last or bool(_ANNOUNCED.search(text, 0, start))
