"""The pages that tests read, and their code blocks."""

import re
import shlex
from pathlib import Path
from string import Template

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
README = ROOT / "README.md"
LOGS = (ROOT / "CHANGELOG.md", ROOT / "dev" / "LOG.md")
"""Pages about the past: their links are checked, their names are those of their time."""
PAGES = (README, ROOT / "benchmarks" / "README.md", *sorted(DOCS.rglob("*.md")))
"""Pages about the present."""
INLINE = re.compile(r"`([^`\n]+)`")
FENCED = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)


def name(page: Path) -> str:
    """What a test calls a page."""
    return str(page.relative_to(ROOT))


def blocks(page: Path, language: str) -> list[str]:
    """The code blocks of a language."""
    text = page.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def inline_code(page: Path) -> list[str]:
    """What is between single backticks, outside of blocks."""
    return INLINE.findall(FENCED.sub("", page.read_text(encoding="utf-8")))


def commands(text: str) -> list[list[str]]:
    """The words of every command of a shell block; variables that the block sets are filled in."""
    variables: dict[str, str] = {}
    found = []
    for line in text.replace("\\\n", " ").splitlines():
        words = shlex.split(Template(line).safe_substitute(variables), comments=True)
        if len(words) == 1 and re.match(r"\w+=", words[0]):
            variable, _, value = words[0].partition("=")
            variables[variable] = value
        elif words:
            found.append(words)
    return found
