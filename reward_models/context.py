"""The catalogue and the recommender that rewards need besides the columns."""

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
"""Cached readings, so that several rewards parse each text once."""


@dataclass(frozen=True, eq=False)
class RewardContext:
    """A catalogue, indexed by item row, and the recommender to explain.

    Args:
        titles: should be unique after case folding.
        attributes: attribute name to values for each item, e.g. `{"genre": ("noir",)}`; empty
            if the catalogue has none.
        recommender: scores every title.
        seed: of the random subsets that faithfulness compares with.
        judge: rates explanations; only the term `judge` needs it.
        length_band: minimum and maximum words of an explanation that gets the full score of
            `length`. The default covers 95 % of the template teacher's texts, titles included: 14
            to 27 words on generated data, 15 to 36 on MovieLens.

    If titles are equal after case folding, a quoted title means the first row, and an unquoted one
    the first row with that spelling. No text can name the other rows, so make titles distinct.

    Raises:
        ValueError: attributes and titles differ in number, attributes are not tuples or lists of
            strings, or the band is invalid.
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
        """Finds the attributes that texts claim of items."""
        return ClaimFinder(self.attributes)

    @cached_property
    def effects(self) -> SubsetEffects:
        """Comprehensiveness by deletion, from which the faithfulness reward is computed."""
        return SubsetEffects(self.recommender, len(self.titles), seed=self.seed)

    @cached_property
    def _read(self) -> Callable[[str], Reading]:
        return lru_cache(TEXTS_KEPT)(lambda text: read(self._with_bare_values(text), self.finder))

    def _with_bare_values(self, text: str) -> str:
        """`text` with spaces for the quotes around attribute values, which are not titles."""
        for start, end in quoted(text) if self.claims.frequency else ():
            value = fold(text[start:end]).strip()
            if value in self.claims.frequency and self.finder.lookup(value) is None:
                text = f"{text[: start - 1]} {text[start:end]} {text[end + 1 :]}"
        return text

    def read(self, text: str) -> Reading:
        """The verdict and the titles of a text; recent readings are cached."""
        return self._read(text)


def check_length_band(band: tuple[int, int]) -> None:
    """Raise `ValueError` for an invalid band of lengths."""
    several = isinstance(band, list | tuple)
    whole = several and len(band) == 2 and all(isinstance(words, int) for words in band)
    if not whole or not 0 <= band[0] <= band[1]:
        shown = list(band) if several else band
        raise ValueError(
            f"the band is {shown!r}: give the fewest and the most words, such as [14, 40]."
        )


def _check_attributes(row: int, attributes: Mapping[str, Sequence[str]]) -> None:
    """Reject a bare string: as a sequence of strings, its letters would be the values."""
    for name, values in attributes.items():
        several = isinstance(values, Iterable) and not isinstance(values, str)
        if not several or not all(isinstance(value, str) for value in values):
            raise ValueError(
                f"attributes[{row}][{name!r}] is {values!r}: give a tuple of strings, such as "
                '("noir",).'
            )
