"""The rubric judge: rules decide the four levels, offline and deterministically.

    1  the verdict is wrong, missing or contradictory
    2  right verdict, and the reasons are
       missing     the text names no history item, or more than half of them, or repeats titles
       invented    more titles, or more attribute claims, are untrue than true
       irrelevant  nothing connects the named items with the asked item
    3  right verdict, none of these faults, but a flaw: something untrue, too many words, or the
       text does not say what the items have in common and how the asked item fits
    4  right verdict, everything true, and the text states a value that every named item has and
       that the asked item also has (a yes) or lacks (a no)

Catalogue attributes *connect* items: for a yes, a value that a named item shares with the asked
item; for a no, a value that the asked item lacks. Only the text's claims about the named items
count; if there are none, the catalogue's attributes count. Without attributes in the catalogue,
nothing is irrelevant and no text gets 4.

The judge uses only the recommender's label. A text may cite items without any influence on the
recommender and get 4; a text that cites the most influential items without a visible connection
gets 2. So the judge measures sound reasons and does not repeat the faithfulness reward. It reads
words by rules (`citations`, `claims`) and can be fooled by what they miss: true attributes that no
person would call a reason, or a claim in unusual words. Orders to the judge contain no claim and
change nothing.
"""

import re
from collections.abc import Sequence
from typing import Final

from reward_models.context import RewardContext
from reward_models.grounding import Grounding, ground
from reward_models.judge.types import JudgeCase, Preference, Rating, prefer_by_rating
from reward_models.text.claims import Claim
from reward_models.text.phrases import fold
from reward_models.text.reading import Reading
from reward_models.types import History, Label

MOST_WORDS: Final = 120
"""Most words of a text without a flaw."""
MENTIONS: Final = 2
"""Most mentions per title, on average; with more, a text repeats titles."""

_ASKED = re.compile(r"\b(?:it|this (?:item|title|one)|the (?:asked )?(?:item|title))\b", re.I)


class RubricJudge:
    """Rates by rules; prefers the higher level.

    Args:
        context: the catalogue. Its recommender is not used.
    """

    def __init__(self, context: RewardContext) -> None:
        self._context = context
        rows = context.attributes or [{}] * len(context.titles)
        self._values = [
            frozenset(fold(value) for values in row.values() for value in values) for row in rows
        ]

    def rate(self, cases: Sequence[JudgeCase]) -> list[Rating]:
        """The level of each explanation: 1.0, 2.0, 3.0 or 4.0."""
        return [float(self._level(case)) for case in cases]

    def prefer(self, pairs: Sequence[tuple[JudgeCase, JudgeCase]]) -> list[Preference]:
        """The explanation of the higher level; a tie if both have the same."""
        return prefer_by_rating(self.rate, pairs)

    def _level(self, case: JudgeCase) -> int:
        reading = self._context.read(case.text)
        if reading.verdict != case.label:
            return 1
        cited = reading.cited(case.history)
        found = ground(reading, context=self._context, history=case.history, item=case.item)
        if _missing(reading, cited, case.history) or _invented(found):
            return 2
        claims = {c for c in self._context.claims.find(reading, case.item) if self._holds(c)}
        if not self._relevant(case, cited, claims):
            return 2
        sound = found.precision == 1 and len(case.text.split()) <= MOST_WORDS
        return 4 if sound and self._says_how(case, reading, cited, claims) else 3

    def _holds(self, claim: Claim) -> bool:
        return claim.value in self._values[claim.item]

    def _relevant(self, case: JudgeCase, cited: History, claims: set[Claim]) -> bool:
        """Whether something connects the named items with the asked item."""
        known = frozenset[str]().union(*(self._values[item] for item in cited))
        if not known:
            return True
        said = {claim.value for claim in claims if claim.item in cited}
        return bool(self._connecting(said or known, case.item, case.label))

    def _says_how(
        self, case: JudgeCase, reading: Reading, cited: History, claims: set[Claim]
    ) -> bool:
        """Whether the text says what the named items have in common and how the asked item fits."""
        said = {claim.value for claim in claims if claim.item in cited}
        common = frozenset.intersection(*(self._values[item] for item in cited))
        shared = self._connecting(said & common, case.item, case.label)
        if case.label == "yes":
            return any(Claim(case.item, value) in claims for value in shared)
        spoken_of = case.item in reading.items or bool(_ASKED.search(reading.masked))
        return bool(shared) and spoken_of

    def _connecting(self, values: set[str] | frozenset[str], item: int, label: Label) -> set[str]:
        """The values that support the label: shared with the item for a yes, others for a no."""
        own = self._values[item]
        return set(values & own if label == "yes" else values - own)


def _missing(reading: Reading, cited: History, history: History) -> bool:
    """Whether reasons are missing: no title, most of the history, or repeated titles."""
    if not cited or 2 * len(cited) > len(set(history)):
        return True
    mentions = sum(citation.item in cited for citation in reading.citations)
    return mentions > MENTIONS * len(cited)


def _invented(found: Grounding) -> bool:
    """Whether more titles, or more claims, are untrue than true."""
    outside = found.titles + found.unknown - found.in_history
    return outside > found.in_history or found.claims > 2 * found.confirmed
