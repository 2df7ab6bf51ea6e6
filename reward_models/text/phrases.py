"""Finds many phrases in a text in one pass (Aho and Corasick 1975); folds case."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Generic, NamedTuple, TypeVar

import ahocorasick

T = TypeVar("T")

_PLAIN = str.maketrans("‘’‐‑–", "''---")
_TYPOGRAPHIC = re.compile("[‘’‐‑–]")


class Match(NamedTuple, Generic[T]):
    """`text[start:end]` is a phrase with this `value`."""

    start: int
    end: int
    value: T


def plain(text: str) -> str:
    """Curly apostrophes and typographic hyphens as ASCII; positions do not change."""
    return text.translate(_PLAIN) if _TYPOGRAPHIC.search(text) else text


def fold(text: str) -> str:
    """`plain`, case-folded; positions do not change: letters that would grow stay as they are."""
    folded = plain(text).casefold()
    if len(folded) == len(text):
        return folded
    return "".join(f if len(f := c.casefold()) == 1 else c for c in plain(text))


def blank(text: str, spans: Iterable[tuple[int, int]], sign: str) -> str:
    """`text` with each character of these spans replaced by `sign`."""
    for start, end in spans:
        text = text[:start] + sign * (end - start) + text[end:]
    return text


class PhraseFinder(Generic[T]):
    """Leftmost-longest matches of whole words, among any number of phrases.

    Args:
        phrases: phrase to value; empty phrases are ignored.
    """

    def __init__(self, phrases: Mapping[str, T]) -> None:
        self._automaton = ahocorasick.Automaton()
        for phrase, value in phrases.items():
            if phrase:
                self._automaton.add_word(phrase, (len(phrase), value))
        self._automaton.make_automaton()

    def find(self, text: str) -> list[Match[T]]:
        """Matches in text order, without overlaps; case matters."""
        # `iter_long` would choose a longest match before its word boundary is checked.
        matches = sorted(self._all(text), key=lambda match: (match.start, -match.end))
        chosen: list[Match[T]] = []
        for match in matches:
            if not chosen or match.start >= chosen[-1].end:
                chosen.append(match)
        return chosen

    def _all(self, text: str) -> Iterator[Match[T]]:
        if not len(self._automaton):
            return
        for last, (length, value) in self._automaton.iter(text):
            start, end = last + 1 - length, last + 1
            if not _joined(text, start) and not _joined(text, end):
                yield Match(start, end, value)


def _joined(text: str, cut: int) -> bool:
    """Whether the characters before and after `cut` belong to one word, hyphens included."""
    if not 0 < cut < len(text):
        return False
    before, after = text[cut - 1], text[cut]
    if after == "-":
        return before.isalnum() and text[cut + 1 : cut + 2].isalnum()
    if before == "-":
        return after.isalnum() and text[max(cut - 2, 0) : cut - 1].isalnum()
    return _is_letter(before) and _is_letter(after)


def _is_letter(character: str) -> bool:
    return character.isalnum() or character == "_"
