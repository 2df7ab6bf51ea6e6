"""A report as Markdown: the tables, the paragraphs, and a few of the cases."""

import re
from collections.abc import Iterator

from rl_explain.report.parts import Case, Cases, Figure, Listing, Part, Section, Table

CASES = 10
"""Cases that are written out; the page has all of them."""


def to_markdown(title: str, sections: list[Section], cases: int = CASES) -> str:
    """The report under one heading, with the first `cases` cases."""
    return "\n\n".join([f"# {plain(title)}", *_sections(sections, 2, cases)]) + "\n"


def plain(text: str) -> str:
    """Text on one line that Markdown takes as it is: no markup, no cell's end, no HTML."""
    escaped = re.sub(r"([\\`*_\[\]|#])", r"\\\1", " ".join(text.split()))
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _sections(sections: list[Section], level: int, cases: int) -> Iterator[str]:
    for section in sections:
        yield f"{'#' * level} {plain(section.title)}"
        for part in section.parts:
            if written := _part(part, cases):
                yield written
        yield from _sections(list(section.sections), level + 1, cases)


def _part(part: Part, cases: int) -> str:
    match part:
        case str():
            return part
        case Table():
            return _table(part)
        case Cases():
            return "\n\n".join(_case(case) for case in part.cases[:cases])
        case Figure() | Listing():
            return ""


def _table(table: Table) -> str:
    rows = [[_cell(cell) for cell in row] for row in table.rows]
    header = [_cell(cell) for cell in table.header]
    lines = [header, ["---" for _ in header], *rows]
    written = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"**{plain(table.caption)}**\n\n{written}"


def _cell(text: str) -> str:
    """Brackets of intervals, underscores inside names and a star after a space need no escape."""
    text = " ".join(text.split()).replace("|", "\\|").replace("`", "\\`")
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _case(case: Case) -> str:
    history = ", ".join(f'"{plain(title)}"' for title in case.history)
    lines = [
        f'**"{plain(case.item)}"** (the recommender says {case.label}), history: {history}',
        "",
    ]
    for said in case.said:
        score = next(iter(said.scores.values()), None)
        shown = "–" if score is None else f"{score:+.2f}"
        name = next(iter(said.scores), "score")
        lines.append(f"- {plain(said.method)} ({name} {shown}): {plain(said.text) or '(empty)'}")
    return "\n".join(lines)
