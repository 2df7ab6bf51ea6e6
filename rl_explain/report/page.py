"""Writes a report as one self-contained HTML page, readable without network and scripts."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rl_explain.report.charts import swatch
from rl_explain.report.parts import Part, Section
from rl_explain.templates import render


def to_page(title: str, subtitle: str, sections: Sequence[Section]) -> str:
    """The page, rendered from `templates/report.html`."""
    headings = _headings(sections, {"content"})
    return render("report.html", title=title, subtitle=subtitle, headings=headings, swatch=swatch)


@dataclass(frozen=True)
class _Heading:
    """A section with the unique id of its heading."""

    id: str
    title: str
    parts: Sequence[Part]
    below: Sequence["_Heading"]


def _headings(sections: Sequence[Section], taken: set[str]) -> list[_Heading]:
    return [
        _Heading(
            _new_id(section.title, taken),
            section.title,
            section.parts,
            _headings(section.sections, taken),
        )
        for section in sections
    ]


def _new_id(title: str, taken: set[str]) -> str:
    """An unused id from a title: `results`, then `results-2` for a second such title."""
    base = re.sub(r"[^a-z0-9]+", "-", title.casefold()).strip("-") or "part"
    name, number = base, 2
    while name in taken:
        name, number = f"{base}-{number}", number + 1
    taken.add(name)
    return name
