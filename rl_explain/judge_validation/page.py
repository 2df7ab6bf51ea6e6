"""A Markdown report as one self-contained HTML file."""

import html

from markdown_it import MarkdownIt

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ background: Canvas; color: CanvasText; font: 1rem/1.5 system-ui, sans-serif;
  max-width: 60rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; }}
table {{ border-collapse: collapse; display: block; overflow-x: auto; }}
th, td {{ border: 1px solid GrayText; padding: .2rem .6rem; text-align: left; }}
</style>
</head>
<body>
{body}</body>
</html>
"""
# Canvas, CanvasText and GrayText are the browser's colours, light or dark.


def html_page(title: str, markdown: str) -> str:
    """The page; it shows HTML inside `markdown` as text and loads nothing."""
    reader = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    return _PAGE.format(title=html.escape(title), body=reader.render(markdown))
