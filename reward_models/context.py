"""What rewards need beyond the columns: the catalogue and the recommender, prepared once."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from reward_models.judge.types import Judge
from reward_models.perturb.effects import SubsetEffects
from reward_models.text.citations import CitationFinder, quoted
from reward_models.text.claims import ClaimFinder
from reward_models.text.phrases import fold
from reward_models.text.reading import Reading, read
from reward_models.types import Recommender

TEXTS_KEPT = 10_000
"""Texts whose reading is kept, so that several rewards read each one once."""


@dataclass(frozen=True, eq=False)
class RewardContext:
    """A catalogue, by item row, and the recommender under explanation.

    Args:
        titles: best unique after case folding.
        attributes: attribute name to values for each item, e.g. `{"genre": ("noir",)}`; empty
            when the catalogue has none.
        recommender: scores every title.
        seed: of the random subsets that faithfulness compares with.
        judge: rates explanations for the term `judge`, which alone needs one.
        length_band: fewest and most words of an explanation that the term `length` pays in full.
            The default holds 95 % of what the template teacher writes, titles included: 14 to 27
            words on generated data, 15 to 36 on MovieLens.

    Of titles that are equal after case folding, one in quotes names the first row, and one without
    quotes the first row that is spelled like it: no text can name the others, so tell them apart.

    Raises:
        ValueError: another number of attributes than of titles, attributes that are no tuples or
            lists of strings, or a band that is none.
    """

    titles: Sequence[str]
    attributes: Sequence[Mapping[str, tuple[str, ...]]]
    recommender: Recommender
    seed: int = 0
    judge: Judge | None = None
    length_band: tuple[int, int] = (14, 40)

    def __post_init__(self) -> None:
        if self.attributes and len(self.attributes) != len(self.titles):
            raise ValueError(
                f"{len(self.attributes)} attributes for {len(self.titles)} titles: "
                "give one mapping per title, or none at all."
            )
        for row, attributes in enumerate(self.attributes):
            _check_attributes(row, attributes)
        check_length_band(self.length_band)

    @cached_property
    def finder(self) -> CitationFinder:
        """Finds the catalogue's titles in texts."""
        return CitationFinder(self.titles)

    @cached_property
    def claims(self) -> ClaimFinder:
        """Finds what texts say of items."""
        return ClaimFinder(self.attributes)

    @cached_property
    def effects(self) -> SubsetEffects:
        """Comprehensiveness by deletion, which the faithfulness reward is made of."""
        return SubsetEffects(self.recommender, len(self.titles), seed=self.seed)

    @cached_property
    def _read(self) -> Callable[[str], Reading]:
        return lru_cache(TEXTS_KEPT)(lambda text: read(self._with_bare_values(text), self.finder))

    def _with_bare_values(self, text: str) -> str:
        """`text` with blanks for the quotes around attribute values: those are no titles."""
        for start, end in quoted(text) if self.claims.frequency else ():
            value = fold(text[start:end]).strip()
            if value in self.claims.frequency and self.finder.lookup(value) is None:
                text = f"{text[: start - 1]} {text[start:end]} {text[end + 1 :]}"
        return text

    def read(self, text: str) -> Reading:
        """The verdict and the titles of a text; recent texts are remembered."""
        return self._read(text)


def check_length_band(band: tuple[int, int]) -> None:
    """`ValueError` for a band of lengths that is none."""
    several = isinstance(band, list | tuple)
    whole = several and len(band) == 2 and all(isinstance(words, int) for words in band)
    if not whole or not 0 <= band[0] <= band[1]:
        shown = list(band) if several else band
        raise ValueError(
            f"the band is {shown!r}: give the fewest and the most words, such as [14, 40]."
        )


def _check_attributes(row: int, attributes: Mapping[str, Sequence[str]]) -> None:
    """A string is a sequence of strings too: its letters would be the values."""
    for name, values in attributes.items():
        several = isinstance(values, Iterable) and not isinstance(values, str)
        if not several or not all(isinstance(value, str) for value in values):
            raise ValueError(
                f"attributes[{row}][{name!r}] is {values!r}: give a tuple of strings, such as "
                '("noir",).'
            )
