"""Finds dismissed titles: titles that a text names but rejects as reasons.

`"X" had nothing to do with it`, `not because of "X"`, `"X" plays no part`, `"X" is irrelevant`. A
clause with such a phrase dismisses its titles. If it names none and begins with a pronoun such as
*they*, *both*, *neither* or *which*, it dismisses those of the previous clause that names titles. A
dismissal counts even if another sentence gives the title as a reason: a text that says both has
given no reason. The rules know only these phrases and miss denials in other words, which need a
judge.
"""

import re
from collections.abc import Iterator, Sequence

from reward_models.text.citations import MASK, Citation
from reward_models.text.phrases import plain

_TITLE = rf"[\"“]?{MASK}"
# A comma in an enumeration of titles does not end a clause.
_CLAUSE_END = re.compile(
    rf"[.!?;:](?=\s|$)|(?<!{MASK}),|,(?!\s*(?:and\s+|or\s+)?{MASK})"
    r"|\b(?=(?:but|while|though|although|whereas)\b)|\b(?=and\s+not\b)|$"
)
_NOT = r"(?:\b(?:not|never|hardly)|n't)"
# "No small part" and "not the only reason" do give a reason.
_NO_PRAISE = (
    r"(?!(?:only|just|merely|simply|solely|sole|single|whole|full|small|minor|little|mean|negligible"
    r"|insignificant|trivial|weak|better)\b)"
)
_WORD = rf"(?:{_NO_PRAISE}\w+\s+)"
_NOUN = r"(?:part|role|influence|effect|bearing|weight|impact)s?"
_SET_ASIDE = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\bnothing\b(?:\s+(?!more\b)\w+){0,2}\s+to do with\b",
        rf"{_NOT}(?:\s+\w+){{0,2}}\s+anything to do with\b",
        rf"{_NOT}\s+(?:at all\s+)?(?:because of|due to|thanks to|owing to|on account of)\s+"
        rf"(?:the titles?\s+)?{_TITLE}",
        rf"\b(?:ha[sd]|have|having|play(?:s|ed|ing)?|carr(?:y|ies|ied)|bears?|bore)\s+no\s+{_WORD}?{_NOUN}\b",
        rf"{_NOT}\s+{_WORD}?play(?:s|ed)?\s+(?:a|any)\s+{_WORD}?{_NOUN}\b",
        rf"{_NOT}\s+{_WORD}?(?:matter|count)(?:s|ed)?\b(?!\s+(?:the|more|less)\b)",
        rf"{_NOT}\s+{_WORD}?(?:contribut|influenc|affect)(?:e|es|ed|s)?\b",
        rf"{_NOT}\s+(?:why\b|{_WORD}?(?:(?:the|a|any)\s+)?{_WORD}?(?:reason|cause)s?\b)",
        rf"\bneither\b[^,]*\b(?:any\s+{_NOUN}|matter|count|contribute)s?\b",
        r"(?<!not )(?<!n't )(?<!hardly )(?<!far from )\b(?:irrelevant|immaterial|beside the point"
        r"|of no (?:matter|importance|consequence))\b",
    )
)
# Every match contains one of these; most texts contain none and need no pattern search.
_HINTS = (
    *("not ", "n't", " no ", "never", "hardly", "nothing", "neither", "irrelevant", "immaterial"),
    "beside the point",
)
_BACKWARDS = re.compile(
    r"\W*(?:(?:and|but|yet)\s+)?(?:they|both|neither|these|those|which)\b", re.I
)


def dismissed(masked: str, citations: Sequence[Citation]) -> frozenset[int]:
    """The items that the text dismisses.

    Args:
        masked: the text with its titles masked (`citations.mask`).
    """
    text = plain(masked)
    lower = text.lower()
    if not any(hint in lower for hint in _HINTS):
        return frozenset()
    aside: set[int] = set()
    before: set[int] = set()
    for start, end in _clauses(text):
        named = {c.item for c in citations if start <= c.start < end}
        if any(pattern.search(text[start:end]) for pattern in _SET_ASIDE):
            aside |= named or (before if _BACKWARDS.match(text, start) else set())
        before = named or before
    return frozenset(aside)


def _clauses(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for end in _CLAUSE_END.finditer(text):
        if end.end() > start:
            yield start, end.end()
            start = end.end()
