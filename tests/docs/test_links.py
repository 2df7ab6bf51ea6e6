"""Relative links lead somewhere, headings included, and the index names every page."""

import json
import re
from pathlib import Path

import pytest
from doc_pages import DOCS, FENCED, INLINE, LOGS, PAGES, README, ROOT, name

LINKING = (*PAGES, *LOGS, *sorted(DOCS.rglob("*.ipynb")))
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def text_of(page: Path) -> str:
    """A page without its code, in which brackets are no links."""
    text = page.read_text(encoding="utf-8")
    if page.suffix == ".ipynb":
        cells = json.loads(text)["cells"]
        text = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    # A link may have code as its text: only the backticks go, and what they hold.
    return INLINE.sub("code", FENCED.sub("", text))


def relative_links(text: str) -> list[str]:
    return [link for link in LINK.findall(text) if "://" not in link]


def anchors(page: Path) -> set[str]:
    """The names under which a page's headings are found, as GitHub makes them."""
    text = FENCED.sub("", page.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", LINKING, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in relative_links(text_of(page)):
        path, _, heading = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page.name}: {link}"
        assert target.is_relative_to(ROOT), f"{page.name}: {link} leaves the project"
        if heading and target.suffix == ".md":
            assert heading in anchors(target), f"{page.name}: {link}"


def test_the_index_names_every_page() -> None:
    links = relative_links(text_of(DOCS / "index.md"))
    linked = {(DOCS / link.partition("#")[0]).resolve() for link in links}
    pages = {path for path in LINKING if path.parent == DOCS} - {DOCS / "index.md"}
    assert not {path.name for path in pages - linked}


def test_the_readme_is_short() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 150


def test_links_and_headings_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# How it works\n[a](b.md) `[x](y)` [`c`](d.md#e)\n```\n# no\n[f](g)\n```\n")
    assert relative_links(text_of(page)) == ["b.md", "d.md#e"]
    assert anchors(page) == {"how-it-works"}
