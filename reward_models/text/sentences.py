"""Where the sentences of a text stand."""

import re
from collections.abc import Iterator

_END = re.compile(r"[.!?;](?=\s|$)|\n|$")


def sentences(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each; they end at `.`, `!`, `?`, `;` before a space, and at line ends.

    A point within a number ends none. Titles have to be masked: theirs would.
    """
    start = 0
    for end in _END.finditer(text):
        yield start, end.end()
        start = end.end()
