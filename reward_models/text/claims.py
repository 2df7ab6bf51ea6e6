"""The attributes that a text claims of items.

A claim is a value of the catalogue's attributes, as whole words, in any case, singular or plural.
Sentences end at `.`, `!`, `?`, `;` and line ends. Of whom a value is claimed:

1. in brackets right after a title, as in `"A" (noir, maritime)`: of that title alone;
2. in a sentence that names titles: of each of them;
3. in one that names none: of the target, which explanations are about;
4. where the sentence says that something is shared ("both", "share", "like it", "too", ...): of the
   target as well, and when it names no title, of those of the sentence before. "Both" of a sentence
   that names two or more titles means these, and adds nothing;
5. in a sentence by which something "lacks what" titles have: of the titles behind these words.

Any other sentence that denies ("not", "unlike", "lacks", ...) claims nothing outside brackets;
"without" a title denies no attribute. A value in quotes is claimed like any other, and so is each
value of a compound ("a comedy-drama") that does not begin with a word of denial ("non-comedy").

The rule errs both ways. A sentence with several titles and several values gives every value to
every title, too many where each has its own; a claim in other words than the catalogue's is not
found. It cannot tell a value that is an everyday word ("history", "family", "new") from the word;
values of one or two characters and "yes" are no claims at all.
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
    """The text says that this attribute value, case-folded, is one of the item's."""

    item: int
    value: str


class ClaimFinder:
    """Finds and checks attribute claims; built once for a catalogue.

    Args:
        attributes: by item row, attribute name to values; may be empty.
    """

    def __init__(self, attributes: Sequence[Mapping[str, tuple[str, ...]]]) -> None:
        self._held = [frozenset(fold(v) for vs in row.values() for v in vs) for row in attributes]
        known = frozenset().union(*self._held)
        values = {value for value in known if len(value) > 2 and value != "yes"}
        self._claimable = [held & values for held in self._held]
        self.frequency = Counter(value for several in self._claimable for value in several)
        """Value that can be claimed to the number of items that have it."""
        plurals = {plural: value for value in values for plural in _plurals(value)}
        self._values = PhraseFinder(plurals | {value: value for value in values})
        self._vocabulary = known

    def is_value(self, text: str) -> bool:
        """Whether the whole text is an attribute value of the catalogue."""
        return fold(text).strip() in self._vocabulary

    def is_true(self, claim: Claim) -> bool:
        """Whether the catalogue confirms the claim."""
        return claim.value in self._held[claim.item]

    def values_of(self, item: int) -> frozenset[str]:
        """The values of an item that can be claimed, case-folded; none without attributes."""
        return self._claimable[item] if self._claimable else frozenset()

    def of_user(self, reading: Reading) -> set[str]:
        """The values that sentences without a title say of the user or of the history.

        `find` takes such a sentence to be about the target, as it does any without a title.
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
        """The claims of a text about an item, the target, or about none."""
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
        """Values as they are written, and those of compounds with a hyphen."""
        whole = self._values.find(text)
        if "-" not in text:
            return whole
        # A value with a hyphen of its own was found whole: it stays, and its parts are none.
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
    """Start and end of every bracket that stands right behind a title, and the title's item."""
    found = ((citation.item, _BRACKET.match(text, citation.end)) for citation in citations)
    return [(*match.span(1), item) for item, match in found if match]


def _subjects(
    sentence: str, named: frozenset[int], before: frozenset[int], target: int | None
) -> frozenset[int]:
    """The items that a sentence's values are claimed of, brackets apart."""
    if _DENIED.search(sentence):
        return frozenset()
    about = frozenset() if target is None else frozenset({target})
    both = _BOTH.search(sentence) and len(named) < 2
    if both or _SHARED.search(sentence):
        return (named or before) | about
    return named or about
