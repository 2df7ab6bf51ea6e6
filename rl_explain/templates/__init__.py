"""Jinja2 templates of pages and cards, and functions that render them. Imports no other room.

Pages are self-contained: they include style and script, and their content security policy lets a
browser load nothing else.
"""

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markdown_it import MarkdownIt
from markupsafe import Markup


def render(template: str, **values: Any) -> str:
    """Render a template of this folder; values are escaped in HTML.

    Raises:
        jinja2.UndefinedError: the template uses a value that is not given.
    """
    return _environment().get_template(template).render(values)


def markdown_page(title: str, markdown: str) -> str:
    """Render Markdown as a page; HTML and images inside `markdown` are shown as text."""
    reader = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    return render("markdown.html", title=title, body=Markup(reader.render(markdown)))


def source(name: str) -> Markup:
    """A style or script file of this folder, unescaped."""
    return Markup(files(__package__).joinpath(name).read_text(encoding="utf-8"))


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("rl_explain", "templates"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.globals["source"] = source
    made.filters["sha256"] = _sha256
    return made


def _sha256(text: str) -> str:
    """Base64 SHA-256, which a content security policy uses to allow a script."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
