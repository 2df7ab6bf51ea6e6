"""Titles that a text names in order to set them aside: they are named, and no reasons.

`"X" had nothing to do with it`, `not because of "X"`, `"X" plays no part`, `"X" is irrelevant`. All
titles of such a sentence are set aside, even where another sentence gives them as reasons: a text
that says both has given none. So a sentence that sets one title aside and gives another loses both.
The rule knows these turns of phrase alone; a denial in other words is for a judge to see.
"""

import re
from collections.abc import Sequence

from reward_models.citations import MASK, Citation
from reward_models.phrases import plain
from reward_models.sentences import sentences

_NOT = r"(?:not|never|hardly|n't)"
_TITLE = rf"(?:{MASK}|[\"“]{MASK})"
# "not only", "no small part", "not the only reason" give a reason after all
_WORD = (
    r"(?:(?!(?:only|just|merely|simply|solely|small|minor|little|sole|single|whole|full)\b)\w+\s+)"
)
_SET_ASIDE = re.compile(
    r"\bnothing\b(?:\s+(?!more\b)\w+){0,2}\s+to do\b"
    rf"|{_NOT}\s+(?:at all\s+)?(?:because of|due to|thanks to|owing to|on account of)\s+{_TITLE}"
    rf"|\b(?:no|without(?:\s+any)?)\s+{_WORD}?(?:part|role|influence|effect|bearing|weight|impact)\b"
    rf"|{_NOT}\s+{_WORD}?(?:matter|count|contribute|play (?:a|any)|influence|affect)\b"
    rf"|{_NOT}\s+{_WORD}?(?:the|a|any)\s+{_WORD}?(?:reason|cause)\b"
    r"|\b(?:irrelevant|immaterial|beside the point|of no (?:matter|importance|consequence))\b",
    re.IGNORECASE,
)


def dismissed(masked: str, citations: Sequence[Citation]) -> frozenset[int]:
    """The items of the citations that stand in a sentence that sets its titles aside.

    Args:
        masked: the text with its titles masked (`citations.mask`).
    """
    text = plain(masked)
    if not _SET_ASIDE.search(text):
        return frozenset()
    aside = [(start, end) for start, end in sentences(text) if _SET_ASIDE.search(text, start, end)]
    return frozenset(c.item for c in citations for low, high in aside if low <= c.start < high)
