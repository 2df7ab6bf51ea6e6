"""The rubric judge: the four levels, decided by verifiers, offline and always the same.

    1  the verdict is wrong, missing or contradictory
    2  right verdict, and the reasons are
       missing     no item of the history is named, or more than half of it, or titles are repeated
       invented    more of the titles, or of the attribute claims, are untrue than true
       irrelevant  nothing connects the named items with the item asked about
    3  right verdict, reasons of which none of this holds, and a flaw: something untrue, too many
       words, or no account of what the items have in common and how the item fits
    4  right verdict, all of it true: a value that every named item carries, and that the item asked
       about carries too (a yes) or lacks (a no)

*Connect* is by the catalogue's attributes: for a yes, a value that a named item shares with the
item asked about; for a no, one that this item lacks. What the text claims of the named items
decides; where it claims nothing of them, what the catalogue holds. Where the catalogue knows no
attributes, nothing can be irrelevant, and nothing is above 3.

It asks nothing of the recommender but its label: a text may cite what did not move the recommender
at all and be rated 4, and one that cites what moved it most, without a connection that a reader
could see, is rated 2. So it measures sound reasons, and is not the faithfulness reward once more.
It reads words by rules (`citations`, `claims`), so it can be fooled by what these do not see: true
attributes that no person would find a reason, or a claim that is put in unusual words. Orders to
the judge are words without a claim, and move nothing.
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
"""Words beyond which a text is long-winded."""
MENTIONS: Final = 2
"""Times that each title is named on average before a text counts as repeating them."""

_ASKED = re.compile(r"\b(?:it|this (?:item|title|one)|the (?:asked )?(?:item|title))\b", re.I)


class RubricJudge:
    """Rates by verifiers; prefers the higher level.

    Args:
        context: the catalogue. Its recommender is not asked.
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
        """The explanation of the higher level, a tie where both are of one."""
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
        """Whether something connects the named items with the item asked about."""
        known = frozenset[str]().union(*(self._values[item] for item in cited))
        if not known:
            return True
        said = {claim.value for claim in claims if claim.item in cited}
        return bool(self._connecting(said or known, case.item, case.label))

    def _says_how(
        self, case: JudgeCase, reading: Reading, cited: History, claims: set[Claim]
    ) -> bool:
        """Whether the text says what the named items have in common, and how the item fits."""
        said = {claim.value for claim in claims if claim.item in cited}
        common = frozenset.intersection(*(self._values[item] for item in cited))
        shared = self._connecting(said & common, case.item, case.label)
        if case.label == "yes":
            return any(Claim(case.item, value) in claims for value in shared)
        spoken_of = case.item in reading.items or bool(_ASKED.search(reading.masked))
        return bool(shared) and spoken_of

    def _connecting(self, values: set[str] | frozenset[str], item: int, label: Label) -> set[str]:
        """The values that speak for the label: those of the item for a yes, others for a no."""
        own = self._values[item]
        return set(values & own if label == "yes" else values - own)


def _missing(reading: Reading, cited: History, history: History) -> bool:
    """Whether no reason is given: nothing named, most of the history, or titles over and over."""
    if not cited or 2 * len(cited) > len(set(history)):
        return True
    mentions = sum(citation.item in cited for citation in reading.citations)
    return mentions > MENTIONS * len(cited)


def _invented(found: Grounding) -> bool:
    """Whether more is untrue than true, of the titles or of the claims."""
    outside = found.titles + found.unknown - found.in_history
    return outside > found.in_history or found.claims > 2 * found.confirmed
