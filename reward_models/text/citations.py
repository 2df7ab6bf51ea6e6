"""Finds the catalogue titles that a text names.

A quoted span, "…" or “…”, is at most one title. It counts if the whole span is a catalogue title,
ignoring case; otherwise it is an unknown title. Titles inside a span do not count, so an invented
title that contains a real one is not that one.

Outside quotes a title counts if its spelling shows that it is a name: it must equal the catalogue's
spelling and contain a capital letter or a digit, not only the capital of a sentence's first word.
So the films "Up", "It" and "Now and Then" are not found in "Up to now it did", but "Up" is found in
"because of Up". Titles of one character, and the verdicts "Yes" and "No", count only in quotes.
Matches are whole words, leftmost first; of several that start together, the longest.

A span in other marks ('…', «…», ‹…›, „…“, ″…″, ＂…＂, ''…'', `…`), in quotes without a space before
them, or after a quote and a space, is an unknown title if it begins with a capital but not with a
catalogue title.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from reward_models.text.phrases import PhraseFinder, blank, fold, plain

# A quote opens only if no word precedes it: the closing quote of a cut-off title opens no pair.
# Patterns begin with the quote and look behind from there: a search for a literal is faster.
QUOTED = re.compile(r'"(?<!\w")(?=\S)([^"\n]+)"|“(?<!\w“)([^“”"\n]+)”')

# Text after an unclosed opening quote, to the end of its line.
UNCLOSED = re.compile(r'["“](?<!\w["“])(?=\S)([^"“”\n]+)$', re.MULTILINE)

# Names in marks other than the requested ones, and in quotes with a space missing before them or
# added inside. An apostrophe within a word closes nothing.
_OTHER_MARKS = re.compile(
    r"""(?<![\w'])'{1,2}((?:[^'"\n]|'(?=\w))+)'(?!\w)|[«‹]\s*([^«»‹›\n]+?)\s*[»›]"""
    r"""|„([^„“”"\n]+)[“”"]|[″＂]\s*([^″＂\n]+?)\s*[″＂]|`([^`\n]+)`"""
    r"""|(?<=\w)["“](?=\w)([^"“”\n]+)["”]|(?<!\w)["“]\s+([^"“”\n]+?)\s*["”]"""
)

MASK = "ʘ"
"""Replaces each character of a title. A letter, so that the title is a word; a rare one."""


class Citation(NamedTuple):
    """`text[start:end]`, without quotes, names the item in this row."""

    item: int
    start: int
    end: int


class CitationFinder:
    """Finds titles in texts; built once for a catalogue.

    Args:
        titles: by item row, without double quotes. They should be unique after case folding; of
            equal titles the first row counts.
    """

    def __init__(self, titles: Sequence[str]) -> None:
        rows = range(len(titles) - 1, -1, -1)  # reversed, so that the first of equal titles wins
        self._rows = {fold(titles[row]).strip(): row for row in rows}
        # Titles that differ only in their apostrophes keep their own rows.
        self._exact = {titles[row].casefold().strip(): row for row in rows}
        names = {plain(titles[row]).strip(): row for row in rows}
        self._names = PhraseFinder({n: row for n, row in names.items() if _may_be_unquoted(n)})

    def lookup(self, title: str) -> int | None:
        """The row of a whole title, after case folding and trimming; `None` if unknown.

        Final punctuation is dropped if the title is unknown with it.
        """
        for spelled in (title, title.rstrip(" .,;:!?")):
            row = self._exact.get(spelled.casefold().strip())
            row = self._rows.get(fold(spelled).strip()) if row is None else row
            if row is not None:
                return row
        return None

    def find(self, text: str) -> list[Citation]:
        """Every mention of a catalogue title, in text order, without overlaps."""
        found = [
            Citation(row, start, end)
            for start, end in quoted(text)
            if (row := self.lookup(text[start:end])) is not None
        ]
        return sorted(found + list(self._unquoted(text)), key=lambda citation: citation.start)

    def _unquoted(self, text: str) -> Iterator[Citation]:
        bare = plain(_without_quotes(text))
        for start, end, row in self._names.find(bare):
            name = bare[start + 1 : end] if _opens_sentence(text, start) else bare[start:end]
            if any(c.isupper() or c.isdigit() for c in name):
                yield Citation(row, start, end)

    def unknown(self, text: str, citations: Sequence[Citation]) -> list[str]:
        """The quoted titles that are not in the catalogue, as written.

        Text after an unclosed quote also counts, unless it begins with a title: a text that is cut
        off, or invents a title and leaves its quote open, has named something.

        Args:
            citations: the result of `find` for this text.
        """
        spans = [text[start:end] for start, end in quoted(text)]
        unknown = [span for span in spans if self.lookup(span) is None]
        bare = _without_quotes(text)
        # Apostrophes of a title itself ("'Round Midnight") are not marks.
        blanked = blank(plain(bare), ((start, end) for _, start, end in citations), "\0")
        others = [match[match.lastindex or 0] for match in _OTHER_MARKS.finditer(blanked)]
        others = [name for name in others if name[0].isupper()]
        open_ends = [match[1] for match in UNCLOSED.finditer(bare)]
        return unknown + [rest for rest in others + open_ends if not self._begins_with_title(rest)]

    def _begins_with_title(self, text: str) -> bool:
        bare = plain(text)
        return any(start == 0 for start, _, _ in self._names.find(bare))


def quoted(text: str) -> list[tuple[int, int]]:
    """Start and end of each quoted span, without its quotes."""
    return [match.span(match.lastindex or 0) for match in QUOTED.finditer(text)]


def _without_quotes(text: str) -> str:
    """`text` with the characters of quoted spans replaced by a control character."""
    return blank(text, (match.span() for match in QUOTED.finditer(text)), "\0")


def _may_be_unquoted(title: str) -> bool:
    return len(title) > 1 and title.casefold() not in ("yes", "no")


def _opens_sentence(text: str, start: int) -> bool:
    while start and text[start - 1] in " \t*-•('":
        start -= 1
    return not start or text[start - 1] in ".!?:\n"


def mask(text: str, citations: Sequence[Citation]) -> str:
    """`text` with each quoted span and title replaced by a run of `MASK`."""
    quotes = (match.span() for match in QUOTED.finditer(text))
    return blank(text, [*quotes, *((start, end) for _, start, end in citations)], MASK)


def parse_list(text: str, finder: CitationFinder) -> list[int | None]:
    """The items that `"A"; "B"; "C"` names, in order; `None` for a title not in the catalogue.

    Titles are the quoted spans. Without any, they are the parts between semicolons and line ends.
    They match after case folding and trimming.
    """
    spans = [text[start:end] for start, end in quoted(text)] or re.split(r"[;\n]", text)
    return [finder.lookup(span) for span in spans if span.strip()]
