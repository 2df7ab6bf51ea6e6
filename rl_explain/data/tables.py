"""Read and check CSV tables; every error names the setting, the problem and the fix."""

import warnings
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from rl_explain.data.catalogue import clean_title
from rl_explain.data.records import Item
from rl_explain.errors import UserError


def read_table(file: Path, field: str, columns: Sequence[str]) -> pd.DataFrame:
    """Read a CSV file, plain or `.gz`, with all cells as text: `007` and `NA` are kept as written.

    Raises:
        UserError: the file is missing, unreadable, empty or lacks one of `columns`.
    """
    if not file.is_file():
        raise UserError(f"{field}: there is no file {file}; check the path")
    try:
        # pandas only warns about cells beyond the header, and drops them.
        with warnings.catch_warnings(action="error", category=pd.errors.ParserWarning):
            table = pd.read_csv(
                file, dtype=str, keep_default_na=False, index_col=False, encoding="utf-8-sig"
            ).fillna("")
    except pd.errors.ParserWarning as error:
        raise UserError(
            f"{field}: a row of {file} has more cells than the header: put cells with a comma in "
            "double quotes"
        ) from error
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise UserError(f"{field}: {file} cannot be read as UTF-8 CSV: {error}") from error
    if missing := [name for name in columns if name not in table.columns]:
        raise UserError(
            f"{field}: {file} lacks the columns {', '.join(missing)}; its first line has "
            f"{', '.join(table.columns)}"
        )
    if table.empty:
        raise UserError(f"{field}: {file} has a header but no rows")
    return table


def to_log(table: pd.DataFrame, place: str) -> pd.DataFrame:
    """Columns user_id, item_id, timestamp and, if present, rating; the last two as numbers.

    Raises:
        UserError: an empty id, or a timestamp or rating that is not a finite number.
    """
    log = table[["user_id", "item_id"]].copy()
    for name in log:
        refuse(log[name].str.strip() == "", log[name], place, f"an empty {name}")
    for name in [name for name in ("timestamp", "rating") if name in table]:
        log[name] = pd.to_numeric(table[name], errors="coerce").astype(float)
        refuse(~np.isfinite(log[name]), table[name], place, f"a {name} that is not a number")
    return log


def to_items(
    item_ids: pd.Series,
    titles: Sequence[str],
    attributes: Sequence[Mapping[str, tuple[str, ...]]],
    place: str,
) -> dict[str, Item]:
    """Items by id.

    Raises:
        UserError: an empty or repeated id, or a missing title.
    """
    untitled = pd.Series([not clean_title(title) for title in titles])
    refuse(item_ids.str.strip() == "", item_ids, place, "an empty item_id")
    refuse(item_ids.duplicated(), item_ids, place, "an item_id that was listed before")
    refuse(untitled, item_ids, place, "an item without a title")
    return {
        item_id: Item(title, values)
        for item_id, title, values in zip(item_ids, titles, attributes, strict=True)
    }


def refuse(bad: pd.Series, column: pd.Series, place: str, problem: str) -> None:
    """Raise `UserError` if any row is `bad`; shows the first one's number and cell of `column`."""
    rows = np.flatnonzero(bad)
    if len(rows):
        raise UserError(
            f"{place} has {problem}: {column.iloc[rows[0]]!r} in row {rows[0] + 1} below the "
            f"header ({len(rows)} such rows in all); correct or delete them"
        )


def refuse_unknown_items(
    log: pd.DataFrame, items: Mapping[str, Item], log_place: str, item_place: str
) -> None:
    """Raise `UserError` if interactions name unlisted items."""
    unknown = log.loc[~log["item_id"].isin(list(items)), "item_id"]
    if len(unknown):
        some = ", ".join(map(repr, unknown.unique()[:3].tolist()))
        raise UserError(
            f"{log_place} has {len(unknown)} interactions with items that {item_place} does not "
            f"list, such as {some}; add the items, delete the interactions, or name the file of "
            "these items"
        )
