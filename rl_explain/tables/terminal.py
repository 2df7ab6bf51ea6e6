"""Tables as text for a terminal."""

import io
import shutil
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

NARROWEST = 100
"""Minimum line width in characters, even if the terminal is narrower or missing."""
NAME = 20
"""Row names with more characters than this are broken at a space."""
GAP = 2
"""Characters between columns."""


def terminal_table(
    header: Sequence[str], rows: Sequence[Sequence[str]], width: int | None = None
) -> str:
    """Plain text; "" without rows. Numbers are never broken: columns that do not fit next to each
    other move to further tables, each with the row names.

    Args:
        width: characters per line; by default those of the terminal, at least `NARROWEST`.
    """
    if not rows:
        return ""
    width = width or max(NARROWEST, shutil.get_terminal_size().columns)
    widths = [_width(i, title, [row[i] for row in rows]) for i, title in enumerate(header)]
    groups: list[list[int]] = [[0]]
    for column in range(1, len(header)):
        used = sum(widths[c] + GAP for c in groups[-1])
        if used + widths[column] > width and len(groups[-1]) > 1:
            groups.append([0])
        groups[-1].append(column)
    parts = [[[row[c] for c in group] for row in (header, *rows)] for group in groups]
    sizes = [[widths[c] for c in group] for group in groups]
    return "\n\n".join(_rendered(part, of) for part, of in zip(parts, sizes, strict=True))


def _width(column: int, title: str, cells: Sequence[str]) -> int:
    """Width of the longest cell or title word; titles are broken at spaces."""
    if column:
        return max(map(len, (*title.split(), *cells)))
    longest_word = max(len(word) for cell in (title, *cells) for word in cell.split())
    return max(longest_word, min(NAME, max(map(len, cells))))


def _rendered(cells: Sequence[Sequence[str]], widths: Sequence[int]) -> str:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, GAP - 1, 0, 0))
    for title, width in zip(cells[0], widths, strict=True):
        table.add_column(Text(title), width=width)
    for row in cells[1:]:
        table.add_row(*map(Text, row))
    file = io.StringIO()
    Console(file=file, width=sum(widths) + GAP * len(widths), color_system=None).print(table)
    return "\n".join(line.rstrip() for line in file.getvalue().rstrip().split("\n"))
