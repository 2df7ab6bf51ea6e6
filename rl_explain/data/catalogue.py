"""The items that can be recommended: ids, prompt-safe titles and attributes."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from html import unescape
from typing import Any

SEPARATOR = "; "
"""Separates titles in prompts and answers; clean titles never contain it."""


MAX_TITLE = 160
"""Maximum characters of a clean title: ten titles must fit into a prompt."""


def clean_title(title: str) -> str:
    """Make a title safe for prompts and parsers: one short line, no separator, no markup.

    HTML entities are decoded. Newlines and control characters become spaces, `;` becomes a comma.
    Double quotes become single quotes, since texts put titles in double quotes. Angle brackets
    become single guillemets, so that no tokenizer reads `<|item_3|>` or `</s>` as a special token.
    Cleaning is idempotent.
    """
    title = _decode(title)
    title = "".join(c if c.isprintable() else " " for c in title)
    title = title.replace(";", ",").replace("<", "‹").replace(">", "›")
    title = re.sub('["“”„‟«»]', "'", title)
    return _shorten(re.sub(r"\s+", " ", title).strip(" ,"))


def _decode(title: str) -> str:
    """Decode entities such as `&amp;`, also doubly encoded; `R&copy` (no semicolon) is kept."""
    while (decoded := re.sub(r"&#?\w+;", lambda m: unescape(m.group()), title)) != title:
        title = decoded
    return title


def _shorten(title: str) -> str:
    if len(title) <= MAX_TITLE:
        return title
    return title[: MAX_TITLE - 1].rsplit(" ", 1)[0].rstrip(" ,") + "…"


def unique_titles(titles: Sequence[str], item_ids: Sequence[str]) -> tuple[str, ...]:
    """Clean titles, made unique: those equal after case folding get their item id in brackets.

    If ids do not make them unique either, they also get their rows.
    """
    unique = [clean_title(title) for title in titles]
    marks = list(map(clean_title, item_ids))
    while len(count := Counter(map(str.casefold, unique))) < len(unique):
        unique = [
            title if count[title.casefold()] == 1 else f"{title} [{mark}]"
            for title, mark in zip(unique, marks, strict=True)
        ]
        marks = list(map(str, range(len(unique))))
    return tuple(unique)


@dataclass(frozen=True)
class Catalogue:
    """Items in row order; the rest of the project identifies an item by its row.

    `titles` are clean and unique (`unique_titles`). `attributes[row]` maps an attribute's name to
    its values, e.g. `{"genre": ("mystery", "noir")}`; empty if the data has none.
    """

    item_ids: tuple[str, ...]
    titles: tuple[str, ...]
    attributes: tuple[Mapping[str, tuple[str, ...]], ...]

    def __len__(self) -> int:
        return len(self.item_ids)

    @cached_property
    def _row_of(self) -> dict[str, int]:
        return {title.casefold(): row for row, title in enumerate(self.titles)}

    def find(self, title: str) -> int | None:
        """The row of a title, matched after cleaning and case folding; `None` if unknown."""
        return self._row_of.get(clean_title(title).casefold())

    def closest(self, title: str, n: int = 3) -> list[str]:
        """Up to `n` catalogue titles with the most similar spelling."""
        folded = get_close_matches(clean_title(title).casefold(), self._row_of, n=n, cutoff=0.3)
        return [self.titles[self._row_of[match]] for match in folded]

    @cached_property
    def fingerprint(self) -> str:
        """A SHA-256 of ids, titles and attributes, in row order."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """Plain lists and dicts, for `catalogue.json`."""
        return {
            "item_ids": list(self.item_ids),
            "titles": list(self.titles),
            "attributes": [{k: list(v) for k, v in a.items()} for a in self.attributes],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Catalogue":
        """The catalogue that `to_json` wrote."""
        return cls(
            item_ids=tuple(data["item_ids"]),
            titles=tuple(data["titles"]),
            attributes=tuple({k: tuple(v) for k, v in a.items()} for a in data["attributes"]),
        )
