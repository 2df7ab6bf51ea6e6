"""Read data files as `Records`."""

import re
from pathlib import Path

import pandas as pd

from rl_explain.data.catalogue import clean_title
from rl_explain.data.records import Item, Records
from rl_explain.data.tables import read_table, refuse_unknown_items, to_items, to_log
from rl_explain.errors import UserError

VALUE_SEPARATOR = "|"
NO_GENRES = "(no genres listed)"
ARTICLES = (
    "The|A|An|Le|La|Les|L'|Un|Une|Una|Il|Lo|I|Gli|El|Los|Las|Das|Der|Die|Den|Det|De|En|Ein|Eine"
)


def read_csv(interactions: str | None, items: str | None, folder: str | None = None) -> Records:
    """Read interactions user_id,item_id,timestamp[,rating][,review] and items item_id,title[,...].

    Every further column of the items is an attribute, its values separated by `|`. Files may be
    `.gz`; relative names start at `folder`.

    Raises:
        UserError: missing files or columns, timestamps or ratings that are not numbers, items that
            have no title, are listed twice or are unknown.
    """
    log_file = _file("data.interactions", interactions, folder)
    item_file = _file("data.items", items, folder)
    table = read_table(log_file, "data.interactions", ["user_id", "item_id", "timestamp"])
    log = to_log(table, f"data.interactions: {log_file}")
    table = read_table(item_file, "data.items", ["item_id", "title"])
    known = to_items(
        table["item_id"], table["title"].tolist(), _attributes(table), f"data.items: {item_file}"
    )
    refuse_unknown_items(log, known, f"data.interactions: {log_file}", f"data.items: {item_file}")
    return Records(log, known)


def _attributes(table: pd.DataFrame) -> list[dict[str, tuple[str, ...]]]:
    """Each row's non-empty cells, split into values; without the columns id and title."""
    columns = table.drop(columns=["item_id", "title"])
    rows = (
        {name: _values(cell) for name, cell in row.items()} for row in columns.to_dict("records")
    )
    return [{str(name): values for name, values in row.items() if values} for row in rows]


def _values(cell: str) -> tuple[str, ...]:
    """The distinct values of a cell, cleaned, in order."""
    values = (clean_title(value) for value in cell.split(VALUE_SEPARATOR))
    return tuple(dict.fromkeys(value for value in values if value))


def _file(field: str, name: str | None, folder: str | None) -> Path:
    if not name:
        raise UserError(f"{field} is not set, but this data.format needs it")
    return Path(folder or ".") / name


def read_movielens(path: str | None) -> Records:
    """Read a MovieLens folder as GroupLens ships it: `ratings.csv` and `movies.csv`.

    Attributes are genre, in lower case, and decade, e.g. `1990s`, from the year at the end of the
    title. Titles keep their year; a trailing article moves to the front.

    Raises:
        UserError: as `read_csv`.
    """
    folder = _file("data.path", path, None)
    names = {"userId": "user_id", "movieId": "item_id"}
    ratings, movies = folder / "ratings.csv", folder / "movies.csv"
    table = read_table(ratings, "data.path", ["userId", "movieId", "timestamp"])
    log = to_log(table.rename(columns=names), f"data.path: {ratings}")
    table = read_table(movies, "data.path", ["movieId", "title", "genres"])
    items = _movies(table.rename(columns=names), f"data.path: {movies}")
    refuse_unknown_items(log, items, f"data.path: {ratings}", "movies.csv")
    return Records(log, items)


def _movies(table: pd.DataFrame, place: str) -> dict[str, Item]:
    titles = [article_first(title.strip()) for title in table["title"]]
    attributes = [
        _movie_attributes(title, genres)
        for title, genres in zip(titles, table["genres"], strict=True)
    ]
    return to_items(table["item_id"], titles, attributes, place)


def _movie_attributes(title: str, genres: str) -> dict[str, tuple[str, ...]]:
    attributes = {} if genres == NO_GENRES else {"genre": _values(genres.lower())}
    if year := re.search(r"\((\d{3})\d([-–]\d{0,4})?\)$", title):
        attributes["decade"] = (f"{year[1]}0s",)
    return {name: values for name, values in attributes.items() if values}


def article_first(title: str) -> str:
    """`Postman, The (Postino, Il) (1994)` becomes `The Postman (Il Postino) (1994)`."""
    turned = re.sub(
        rf"(a\.k\.a\. )?([^()\s][^()]*), ({ARTICLES})(?=\s*(?:[()]|$))", r"\1\3 \2", title
    )
    return turned.replace("L' ", "L'")
