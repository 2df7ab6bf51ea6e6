"""What a text says, read once for all rewards: its verdict and the titles it names."""

from collections.abc import Sequence
from dataclasses import dataclass

from reward_models.text.citations import Citation, CitationFinder, mask
from reward_models.text.dismissals import dismissed
from reward_models.text.verdict import Verdict, parse_verdict
from reward_models.types import History


@dataclass(frozen=True)
class Reading:
    """A text's verdict, its citations, its invented titles, and its words with titles masked.

    `dismissed` are the items that it names in order to set them aside (`dismissals`).
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
        """The cited items C: the items of the history that the text gives, oldest first, once."""
        named = self.items - self.dismissed
        return tuple(dict.fromkeys(item for item in history if item in named))


def read(text: str, finder: CitationFinder) -> Reading:
    """Read `text` against the catalogue that `finder` knows."""
    citations = tuple(finder.find(text))
    masked = mask(text, citations)
    return Reading(
        verdict=parse_verdict(masked),
        citations=citations,
        unknown=tuple(finder.unknown(text, citations)),
        masked=masked,
        dismissed=dismissed(masked, citations),
    )
