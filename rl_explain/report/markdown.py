"""Writes a report as Markdown: tables, paragraphs and a few cases."""

from collections.abc import Iterator

from rl_explain.report.parts import Case, Cases, Figure, Listing, Part, Section, Table
from rl_explain.tables.markdown import escape, markdown_table

CASES = 10
"""Number of cases in Markdown; the page has all of them."""


def to_markdown(title: str, sections: list[Section], cases: int = CASES) -> str:
    """The report under one heading, with up to `cases` cases per section."""
    return "\n\n".join([f"# {escape(title)}", *_sections(sections, 2, cases)]) + "\n"


def _sections(sections: list[Section], level: int, cases: int) -> Iterator[str]:
    for section in sections:
        yield f"{'#' * level} {escape(section.title)}"
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
    return f"**{escape(table.caption)}**\n\n{markdown_table(table.header, table.rows)}"


def _case(case: Case) -> str:
    history = ", ".join(f'"{escape(title)}"' for title in case.history)
    lines = [
        f'**"{escape(case.item)}"** (the recommender says {case.label}), history: {history}',
        "",
    ]
    for said in case.said:
        score = next(iter(said.scores.values()), None)
        shown = "–" if score is None else f"{score:+.2f}"
        name = next(iter(said.scores), "score")
        lines.append(f"- {escape(said.method)} ({name} {shown}): {escape(said.text) or '(empty)'}")
    return "\n".join(lines)
