"""The items that can be recommended: ids, titles that are safe in a prompt, attributes."""

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
"""What stands between titles in prompts and answers; clean titles never hold it."""


MAX_TITLE = 160
"""Characters that a clean title holds at most: ten titles must fit into a prompt."""


def clean_title(title: str) -> str:
    """A title that breaks neither prompt nor parser: one short line, no separator, no markup.

    HTML entities are decoded; newlines and control characters become spaces, `;` a comma, double
    quotes (which enclose a title wherever one stands in a text) single ones, and angle brackets
    single guillemets, so that no tokenizer reads `<|item_3|>` or `</s>` as a special token.
    Cleaning a clean title changes nothing.
    """
    title = _decode(title)
    title = "".join(c if c.isprintable() else " " for c in title)
    title = title.replace(";", ",").replace("<", "‹").replace(">", "›")
    title = re.sub('["“”„‟«»]', "'", title)
    return _shorten(re.sub(r"\s+", " ", title).strip(" ,"))


def _decode(title: str) -> str:
    """Entities such as `&amp;`, also twice encoded; `R&copy`, without a semicolon, stays."""
    while (decoded := re.sub(r"&#?\w+;", lambda m: unescape(m.group()), title)) != title:
        title = decoded
    return title


def _shorten(title: str) -> str:
    if len(title) <= MAX_TITLE:
        return title
    return title[: MAX_TITLE - 1].rsplit(" ", 1)[0].rstrip(" ,") + "…"


def unique_titles(titles: Sequence[str], item_ids: Sequence[str]) -> tuple[str, ...]:
    """Clean titles, told apart: those equal after case folding carry their item id in brackets.

    Where ids do not tell them apart either, they carry their rows too.
    """
    told = [clean_title(title) for title in titles]
    marks = list(map(clean_title, item_ids))
    while len(count := Counter(map(str.casefold, told))) < len(told):
        told = [
            title if count[title.casefold()] == 1 else f"{title} [{mark}]"
            for title, mark in zip(told, marks, strict=True)
        ]
        marks = list(map(str, range(len(told))))
    return tuple(told)


@dataclass(frozen=True)
class Catalogue:
    """Items in row order; every other part of the project names an item by its row.

    `titles` are clean and unique (`unique_titles`). `attributes[row]` maps an attribute's name to
    its values, e.g. `{"genre": ("mystery", "noir")}`; empty where the data has none.
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
        """The row of a title, matched after cleaning and case folding; `None` when unknown."""
        return self._row_of.get(clean_title(title).casefold())

    def closest(self, title: str, n: int = 3) -> list[str]:
        """Up to `n` catalogue titles that are spelled most like `title`."""
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
