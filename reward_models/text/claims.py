"""Finds the attributes that a text claims of items.

A claim is a value of the catalogue's attributes, as whole words, in any case, singular or plural.
Sentences end at `.`, `!`, `?`, `;` and line ends. The items that a value is claimed of:

1. in brackets right after a title, as in `"A" (noir, maritime)`: only that title;
2. in a sentence that names titles: each of them;
3. in a sentence without titles: the target, which explanations are about;
4. in a sentence that says that something is shared ("both", "share", "like it", "too", ...): also
   the target and, if the sentence names no title, the titles of the sentence before. "Both" in a
   sentence with two or more titles refers to these titles and adds nothing;
5. in a sentence where something "lacks what" titles have: the titles after these words.

Any other negated sentence ("not", "unlike", "lacks", ...) claims nothing outside brackets;
"without" before a title negates no attribute. A value in quotes counts like any other, and so does
each value of a compound ("a comedy-drama") unless the compound begins with a negation
("non-comedy").

The rules err both ways. In a sentence with several titles and several values, every title gets
every value. A claim in other words than the catalogue's is not found. A value that is also an
everyday word ("history", "family", "new") counts wherever the word occurs; values of one or two
characters and "yes" never count.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from reward_models.text.citations import MASK, Citation
from reward_models.text.phrases import Match, PhraseFinder, blank, fold
from reward_models.text.reading import Reading
from reward_models.text.sentences import sentences

_HYPHEN = re.compile(r"(?<=\w)-(?=\w)")
_DENYING = re.compile(r"\b(?:non|anti|not|post|pre|pseudo|un)-")
_BRACKET = re.compile(rf"{MASK}?\s*\(([^()]*)\)")  # after a title, its closing quote masked
_BOTH = re.compile(r"\bboth\b")
_SHARED = re.compile(r"\b(?:shar(?:es?|ed|ing)|like it|too|alike|in common|same)\b")
_USER = re.compile(r"\b(?:users?|history|tastes?|they|their|you|your)\b")
_LACKED = re.compile(r"\black(?:s|ed|ing)? what\b")
_DENIED = re.compile(
    r"n['’]t\b|\b(?:not|never|nothing|none|neither|nor|unlike|lack(?:s|ed|ing)?|cannot)\b"
    rf"|\bwithout\b(?!\s+(?:{MASK}|it\b|them\b))"
    r"|\bno\b(?=\s+\w)"
)


class Claim(NamedTuple):
    """The text claims that the item has this attribute value, case-folded."""

    item: int
    value: str


class ClaimFinder:
    """Finds and checks attribute claims; built once for a catalogue.

    Args:
        attributes: by item row, attribute name to values; may be empty.
    """

    def __init__(self, attributes: Sequence[Mapping[str, tuple[str, ...]]]) -> None:
        self._item_values = [
            frozenset(fold(v) for vs in row.values() for v in vs) for row in attributes
        ]
        known = frozenset().union(*self._item_values)
        values = {value for value in known if len(value) > 2 and value != "yes"}
        self._claimable = [own & values for own in self._item_values]
        self.frequency = Counter(value for several in self._claimable for value in several)
        """Claimable value to the number of items that have it."""
        plurals = {plural: value for value in values for plural in _plurals(value)}
        self._values = PhraseFinder(plurals | {value: value for value in values})
        self._vocabulary = known

    def is_value(self, text: str) -> bool:
        """Whether the whole text is an attribute value of the catalogue."""
        return fold(text).strip() in self._vocabulary

    def is_true(self, claim: Claim) -> bool:
        """Whether the catalogue confirms the claim."""
        return claim.value in self._item_values[claim.item]

    def values_of(self, item: int) -> frozenset[str]:
        """The claimable values of an item, case-folded; empty without attributes."""
        return self._claimable[item] if self._claimable else frozenset()

    def of_user(self, reading: Reading) -> set[str]:
        """The values that sentences without a title claim of the user or the history.

        `find` assigns such sentences, like all without a title, to the target.
        """
        text = fold(reading.masked)
        values = self._find_values(text)
        said: set[str] = set()
        for start, end in sentences(text) if values else ():
            sentence = text[start:end]
            named = any(start <= citation.start < end for citation in reading.citations)
            if not named and _USER.search(sentence) and not _DENIED.search(sentence):
                said |= {match.value for match in values if start <= match.start < end}
        return said

    def find(self, reading: Reading, target: int | None) -> set[Claim]:
        """The claims of a text about a target item, or without a target."""
        text = fold(reading.masked)
        values = self._find_values(text)
        brackets = _brackets(text, reading.citations) if values else []
        claims: set[Claim] = set()
        before: frozenset[int] = frozenset()
        for start, end in sentences(text) if values else ():
            lacked = _LACKED.search(text, start, end)
            first = lacked.end() if lacked else start
            named = frozenset(c.item for c in reading.citations if first <= c.start < end)
            subjects = named if lacked else _subjects(text[start:end], named, before, target)
            for match in values:
                if start <= match.start < end:
                    owner = [item for low, high, item in brackets if low <= match.start < high]
                    claims.update(Claim(item, match.value) for item in owner or subjects)
            before = named or before
        return claims

    def _find_values(self, text: str) -> list[Match[str]]:
        """The values in a text, including those in compounds with a hyphen."""
        whole = self._values.find(text)
        if "-" not in text:
            return whole
        # Mask what was found, so that the parts of a value with its own hyphen do not match.
        rest = blank(text, ((match.start, match.end) for match in whole), MASK)
        parts = _HYPHEN.sub(" ", _DENYING.sub(lambda prefix: MASK * len(prefix[0]), rest))
        return sorted([*whole, *self._values.find(parts)], key=lambda match: match.start)


def _plurals(value: str) -> Iterator[str]:
    yield f"{value}s"
    if value.endswith(("s", "x", "z", "ch", "sh")):
        yield f"{value}es"
    if value.endswith("y"):
        yield f"{value[:-1]}ies"


def _brackets(text: str, citations: Sequence[Citation]) -> list[tuple[int, int, int]]:
    """Start and end of each bracket right after a title, and the title's item."""
    found = ((citation.item, _BRACKET.match(text, citation.end)) for citation in citations)
    return [(*match.span(1), item) for item, match in found if match]


def _subjects(
    sentence: str, named: frozenset[int], before: frozenset[int], target: int | None
) -> frozenset[int]:
    """The items that a sentence's values are claimed of, ignoring brackets."""
    if _DENIED.search(sentence):
        return frozenset()
    about = frozenset() if target is None else frozenset({target})
    both = _BOTH.search(sentence) and len(named) < 2
    if both or _SHARED.search(sentence):
        return (named or before) | about
    return named or about
