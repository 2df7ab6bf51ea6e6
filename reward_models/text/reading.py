"""Parses a text once for all rewards: its verdict and the titles that it names."""

from collections.abc import Sequence
from dataclasses import dataclass

from reward_models.text.citations import Citation, CitationFinder, mask
from reward_models.text.dismissals import dismissed
from reward_models.text.verdict import Verdict, parse_verdict
from reward_models.types import History


@dataclass(frozen=True)
class Reading:
    """A text's verdict, citations, unknown titles, and words with titles masked.

    `dismissed` are the items that it names but rejects as reasons (`dismissals`).
    """

    verdict: Verdict
    citations: tuple[Citation, ...]
    unknown: tuple[str, ...]
    masked: str
    dismissed: frozenset[int] = frozenset()

    @property
    def items(self) -> frozenset[int]:
        """The rows of every catalogue title that the text names."""
        return frozenset(citation.item for citation in self.citations)

    def cited(self, history: Sequence[int]) -> History:
        """The cited items C: named, not dismissed history items, each once, oldest first."""
        named = self.items - self.dismissed
        return tuple(dict.fromkeys(item for item in history if item in named))


def read(text: str, finder: CitationFinder) -> Reading:
    """Parse `text` with the titles of `finder`."""
    citations = tuple(finder.find(text))
    masked = mask(text, citations)
    return Reading(
        verdict=parse_verdict(masked),
        citations=citations,
        unknown=tuple(finder.unknown(text, citations)),
        masked=masked,
        dismissed=dismissed(masked, citations),
    )
