"""Pages and cards as Jinja2 templates, and the function that fills them in. A leaf room.

A page needs nothing but itself: style and script lie inside it, and its content security policy
lets a browser load nothing else.
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
    """A template of this folder with its values; in HTML all text is escaped.

    Raises:
        jinja2.UndefinedError: the template uses a value that is not given.
    """
    return _environment().get_template(template).render(values)


def markdown_page(title: str, markdown: str) -> str:
    """Markdown as a page; HTML and images inside `markdown` are shown as text."""
    reader = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    return render("markdown.html", title=title, body=Markup(reader.render(markdown)))


def source(name: str) -> Markup:
    """A file of this folder as it is, for a style or a script."""
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
    """As a content security policy names a script that may run."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
