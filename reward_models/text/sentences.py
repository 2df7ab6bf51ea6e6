"""Splits a text into sentences."""

import re
from collections.abc import Iterator

_END = re.compile(r"[.!?;](?=\s|$)|\n|$")


def sentences(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each sentence: at `.`, `!`, `?`, `;` before a space, and at line ends.

    A decimal point does not end a sentence. Mask titles first: punctuation in them would.
    """
    start = 0
    for end in _END.finditer(text):
        yield start, end.end()
        start = end.end()
