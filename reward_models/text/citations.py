"""The catalogue titles that a text names.

A quoted span, "…" or “…”, is one title or none: it counts when the whole of it is a catalogue
title, in any case, and otherwise names a title that does not exist. Titles inside it are not
looked for, so an invented title that holds a real one is not that one.

Outside quotes a title counts where its capitals show that it is a name: spelled as the catalogue
spells it, with a capital letter or a digit that is not merely the capital of a sentence's first
word. So the films "Up", "It" and "Now and Then" are not found in "Up to now it did", but "Up"
is in "because of Up". Titles of one character, and "Yes" and "No", which are verdicts, count only
in quotes. Matches are whole words, leftmost first, the longest where several start together.

A name in other marks ('…', «…», ‹…›, „…“, ″…″, ＂…＂, ''…'', `…`), in quotes glued to a word, or
behind a quote and a space, is held to the same: what begins with a capital there, and with no
title, names one that does not exist.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from reward_models.text.phrases import PhraseFinder, blank, fold, plain

# A quote opens before a title, not after a word: a title cut off in front leaves no false pair.
# Patterns begin with the quote, and look behind from there, because a search leaps to a letter.
QUOTED = re.compile(r'"(?<!\w")(?=\S)([^"\n]+)"|“(?<!\w“)([^“”"\n]+)”')

# What stands behind a quote that opens and never closes, to the end of its line.
UNCLOSED = re.compile(r'["“](?<!\w["“])(?=\S)([^"“”\n]+)$', re.MULTILINE)

# Names in marks that titles are not asked for in, and in quotes that follow a word without a space
# or have one inside. An apostrophe within a word closes nothing.
_OTHERWISE_MARKED = re.compile(
    r"""(?<![\w'])'{1,2}((?:[^'"\n]|'(?=\w))+)'(?!\w)|[«‹]\s*([^«»‹›\n]+?)\s*[»›]"""
    r"""|„([^„“”"\n]+)[“”"]|[″＂]\s*([^″＂\n]+?)\s*[″＂]|`([^`\n]+)`"""
    r"""|(?<=\w)["“](?=\w)([^"“”\n]+)["”]|(?<!\w)["“]\s+([^"“”\n]+?)\s*["”]"""
)

MASK = "ʘ"
"""Stands for each character of a title: a letter, so that the title reads as a word; a rare one."""


class Citation(NamedTuple):
    """`text[start:end]` names the item in this row, quotes left out."""

    item: int
    start: int
    end: int


class CitationFinder:
    """Finds titles in texts; built once for a catalogue.

    Args:
        titles: by item row, without double quotes, best unique after case folding: of equal ones
            the first row counts.
    """

    def __init__(self, titles: Sequence[str]) -> None:
        rows = range(len(titles) - 1, -1, -1)  # so that the first of equal titles is written last
        self._rows = {fold(titles[row]).strip(): row for row in rows}
        # Titles apart only in their apostrophes keep rows of their own.
        self._exact = {titles[row].casefold().strip(): row for row in rows}
        names = {plain(titles[row]).strip(): row for row in rows}
        self._names = PhraseFinder({n: row for n, row in names.items() if _may_stand_bare(n)})

    def lookup(self, title: str) -> int | None:
        """The row of a whole title, after case folding and trimming; `None` when unknown.

        A comma or full stop at the end is left out where the title is not known with it.
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
        """The quoted titles that are in no catalogue, as written; `citations` is what `find` gave.

        So is whatever follows a quote that is never closed, unless it begins with a title: a text
        that is cut off, or invents a title and leaves its quote open, has named something.
        """
        spans = [text[start:end] for start, end in quoted(text)]
        unknown = [span for span in spans if self.lookup(span) is None]
        bare = _without_quotes(text)
        # A title's own apostrophes ("'Round Midnight") are no marks.
        apart = blank(plain(bare), ((start, end) for _, start, end in citations), "\0")
        others = [match[match.lastindex or 0] for match in _OTHERWISE_MARKED.finditer(apart)]
        others = [name for name in others if name[0].isupper()]
        open_ends = [match[1] for match in UNCLOSED.finditer(bare)]
        return unknown + [rest for rest in others + open_ends if not self._begins_with_title(rest)]

    def _begins_with_title(self, text: str) -> bool:
        bare = plain(text)
        return any(start == 0 for start, _, _ in self._names.find(bare))


def quoted(text: str) -> list[tuple[int, int]]:
    """Where the insides of quoted spans stand."""
    return [match.span(match.lastindex or 0) for match in QUOTED.finditer(text)]


def _without_quotes(text: str) -> str:
    """`text` with a control character for each one of a quoted span."""
    return blank(text, (match.span() for match in QUOTED.finditer(text)), "\0")


def _may_stand_bare(title: str) -> bool:
    return len(title) > 1 and title.casefold() not in ("yes", "no")


def _opens_sentence(text: str, start: int) -> bool:
    while start and text[start - 1] in " \t*-•('":
        start -= 1
    return not start or text[start - 1] in ".!?:\n"


def mask(text: str, citations: Sequence[Citation]) -> str:
    """`text` with each quoted span and title as a run of `MASK`; the rest is the writer's own."""
    quotes = (match.span() for match in QUOTED.finditer(text))
    return blank(text, [*quotes, *((start, end) for _, start, end in citations)], MASK)


def parse_list(text: str, finder: CitationFinder) -> list[int | None]:
    """The items that `"A"; "B"; "C"` names, in order; `None` for a title that is in no catalogue.

    Titles are the quoted spans, or where there are none what stands between semicolons and line
    ends; they match after case folding and trimming.
    """
    spans = [text[start:end] for start, end in quoted(text)] or re.split(r"[;\n]", text)
    return [finder.lookup(span) for span in spans if span.strip()]
