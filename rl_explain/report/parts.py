"""The parts of a report, independent of HTML and Markdown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, TypeAlias

from markupsafe import Markup

Styles: TypeAlias = Mapping[str, int]
"""How each table row is drawn: its index among the models, from 0; below 0 for rules, which are
grey and dashed."""
TONES = 4
"""Colour steps on each side of zero."""


@dataclass(frozen=True)
class Table:
    """A table of text; the first cell of a row is its name.

    tones: a number in [-1, 1] for each coloured cell, by (row, column), both from 0.
    folded: whether the page shows the table collapsed.
    """

    kind: ClassVar[str] = "table"
    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    tones: Mapping[tuple[int, int], float] = field(default_factory=dict)
    folded: bool = False

    def tone(self, row: int, column: int) -> str:
        """The CSS class of a cell: `up-1` to `up-4`, `down-1` to `down-4`, `still` or ""."""
        tone = self.tones.get((row, column))
        if tone is None:
            return ""
        size = round(abs(tone) * TONES)
        return "still" if not size else f"{'up' if tone > 0 else 'down'}-{size}"


@dataclass(frozen=True)
class Figure:
    """Charts side by side under one caption, with a legend."""

    kind: ClassVar[str] = "figure"
    caption: str
    charts: Sequence[Markup]
    legend: Styles = field(default_factory=dict)


@dataclass(frozen=True)
class Said:
    """A method's explanation of a case, what it cites, and its scores by title."""

    method: str
    text: str
    cited: Sequence[str]
    scores: Mapping[str, float | None]


@dataclass(frozen=True)
class Case:
    """A question and each method's answer."""

    number: int
    item: str
    label: str
    history: Sequence[str]
    said: Sequence[Said]


@dataclass(frozen=True)
class Cases:
    """Cases for browsing."""

    kind: ClassVar[str] = "cases"
    cases: Sequence[Case]

    @property
    def methods(self) -> list[str]:
        """Methods that explain any of the cases, in order of appearance."""
        return list(dict.fromkeys(said.method for case in self.cases for said in case.said))

    @property
    def scores(self) -> list[str]:
        """Titles of the scores, in order of appearance."""
        said = (said for case in self.cases for said in case.said)
        return list(dict.fromkeys(title for one in said for title in one.scores))


@dataclass(frozen=True)
class Listing:
    """A file's text, shown verbatim."""

    kind: ClassVar[str] = "listing"
    title: str
    text: str


Part: TypeAlias = str | Table | Figure | Cases | Listing
"""A paragraph is a string."""


@dataclass(frozen=True)
class Section:
    """A heading and the parts and sections below it."""

    title: str
    parts: Sequence[Part] = ()
    sections: Sequence["Section"] = ()

    @property
    def empty(self) -> bool:
        """Whether there is nothing to show."""
        return not self.parts and not self.sections
