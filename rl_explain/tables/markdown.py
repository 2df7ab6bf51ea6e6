"""Tables and text as Markdown; every Markdown table of the project is written here."""

import re
from collections.abc import Sequence


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """One table; "" without rows. Cells keep their markup, but pipes in them are escaped."""
    if not rows:
        return ""
    lines = [f"| {' | '.join(map(_cell, row))} |" for row in (header, *rows)]
    return "\n".join([lines[0], f"|{' --- |' * len(header)}", *lines[1:]])


def escape(text: str) -> str:
    """External text on one line, escaped so that Markdown shows it literally, HTML included."""
    escaped = re.sub(r"([\\`*_\[\]|#])", r"\\\1", " ".join(text.split()))
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _cell(text: str) -> str:
    """The text on one line, with pipes, backticks and starts of HTML tags escaped."""
    text = re.sub(r"(?<!\\)([|`])", r"\\\1", " ".join(text.split()))
    return re.sub(r"<(?=[A-Za-z/!?])", "&lt;", text)
