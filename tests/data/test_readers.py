import gzip
from pathlib import Path

import pytest

from rl_explain.data.dataset import read_dataset
from rl_explain.data.interactions import Interactions
from rl_explain.data.readers import article_first, read_csv
from rl_explain.errors import UserError

INTERACTIONS = """user_id,item_id,timestamp,rating
007,1,10,5
007,NA,30,4
007,3,20,3
bob,3,1,1
bob,1,2.5,2
bob,NA,3,4.5
"""
ITEMS = """item_id,title,genre,mood
3,Glass; Comet,mystery|noir,
1,"The ""Silent"" Tide",mystery|mystery,calm
NA,NA,,
4,Never chosen,drama,
"""


def write(folder: Path, interactions: str = INTERACTIONS, items: str = ITEMS) -> Path:
    (folder / "interactions.csv").write_text(interactions, encoding="utf-8")
    (folder / "items.csv").write_text(items, encoding="utf-8")
    return folder


def read(folder: Path, **options: object) -> tuple[Interactions, dict[str, float]]:
    files = {"interactions": "interactions.csv", "items": "items.csv"}
    return read_dataset("csv", path=str(folder), seed=0, **(files | options))  # type: ignore[arg-type]


def message(folder: Path, **options: object) -> str:
    with pytest.raises(UserError) as error:
        read(folder, **options)
    return str(error.value)


def test_csv_becomes_rows_in_time_order(tmp_path: Path) -> None:
    interactions, figures = read(write(tmp_path))
    catalogue = interactions.catalogue
    assert catalogue.item_ids == ("3", "1", "NA")
    assert catalogue.titles == ("Glass, Comet", "The 'Silent' Tide", "NA")
    assert catalogue.attributes == (
        {"genre": ("mystery", "noir")},
        {"genre": ("mystery",), "mood": ("calm",)},
        {},
    )
    assert interactions.user_ids == ("007", "bob")
    assert interactions.sequences == ((1, 0, 2), (0, 1, 2))
    assert interactions.causes is None
    assert figures["users"] == 2 and figures["tied_share"] == 0


def test_gzip_a_byte_order_mark_and_absolute_names_read_the_same(tmp_path: Path) -> None:
    expected, _ = read(write(tmp_path))
    packed = tmp_path / "packed.csv.gz"
    packed.write_bytes(gzip.compress(b"\xef\xbb\xbf" + INTERACTIONS.encode()))
    interactions, _ = read_dataset(
        "csv", interactions=str(packed), items=str(tmp_path / "items.csv"), seed=0
    )
    assert interactions == expected


def test_items_without_attribute_columns_have_none(tmp_path: Path) -> None:
    interactions, _ = read(write(tmp_path, items="item_id,title\n1,A\n3,B\nNA,C\n"))
    assert interactions.catalogue.attributes == ({}, {}, {})


def test_repeated_titles_are_told_apart_only_where_both_are_kept(tmp_path: Path) -> None:
    items = "item_id,title\n1,Up\n3,up\nNA,Down\n4,down\n"
    interactions, _ = read(write(tmp_path, items=items))
    assert interactions.catalogue.titles == ("Up [1]", "up [3]", "Down")


def test_repeated_interactions_count_once(tmp_path: Path) -> None:
    interactions, figures = read(write(tmp_path, INTERACTIONS + "007,1,40,1\n"))
    assert interactions.sequences[0] == (1, 0, 2)
    assert figures["removed/repeats"] == 1


@pytest.mark.parametrize(
    ("interactions", "said"),
    [
        ("user_id,item_id\n1,1\n", ["data.interactions", "lacks the columns timestamp"]),
        ("user_id,item_id,timestamp\n", ["no rows"]),
        ("", ["cannot be read"]),
        (INTERACTIONS + "bob,1,yesterday,1\n", ["timestamp", "'yesterday'", "row 7"]),
        (INTERACTIONS + "bob,1,,1\n", ["timestamp", "''", "row 7"]),
        (INTERACTIONS + "bob,1,inf,1\n", ["timestamp", "'inf'"]),
        (INTERACTIONS + "bob,1,4,good\n", ["rating", "'good'", "row 7"]),
        (INTERACTIONS + ",1,4,1\n", ["an empty user_id", "row 7"]),
        (INTERACTIONS + "bob,99,4,1\n", ["1 interactions", "'99'", "add the items"]),
    ],
)
def test_bad_interactions_are_named(tmp_path: Path, interactions: str, said: list[str]) -> None:
    text = message(write(tmp_path, interactions=interactions))
    assert all(part in text for part in said), text


@pytest.mark.parametrize(
    ("items", "said"),
    [
        ("item_id,name\n1,A\n", ["data.items", "lacks the columns title", "item_id, name"]),
        ("item_id,title\n1,A\n3,\nNA,C\n", ["without a title", "'3'", "row 2"]),
        ("item_id,title\n1,A\n3, ; \nNA,C\n", ["without a title", "'3'"]),
        ("item_id,title\n1,A\n1,B\n3,C\n", ["listed before", "'1'", "row 2"]),
        ("item_id,title\n1,A\n,B\n", ["an empty item_id"]),
    ],
)
def test_bad_items_are_named(tmp_path: Path, items: str, said: list[str]) -> None:
    text = message(write(tmp_path, items=items))
    assert all(part in text for part in said), text


def test_missing_and_unreadable_files_are_named(tmp_path: Path) -> None:
    write(tmp_path)
    assert "data.items is not set" in message(tmp_path, items=None)
    assert "there is no file" in message(tmp_path, interactions="elsewhere.csv")
    (tmp_path / "broken.csv.gz").write_bytes(gzip.compress(INTERACTIONS.encode())[:-9])
    assert "cannot be read" in message(tmp_path, interactions="broken.csv.gz")
    (tmp_path / "latin.csv").write_bytes("item_id,title\n1,Café\n".encode("latin-1"))
    assert "UTF-8" in message(tmp_path, items="latin.csv")


@pytest.mark.parametrize("rows", ["1,Me, Myself & Irene\n2,Up\n", "2,Up\n1,Me, Myself & Irene\n"])
def test_a_comma_outside_of_quotes_loses_no_cell(tmp_path: Path, rows: str) -> None:
    (tmp_path / "items.csv").write_text("item_id,title\n" + rows)
    (tmp_path / "log.csv").write_text("user_id,item_id,timestamp\n1,1,1\n")
    with pytest.raises(UserError, match=r"data\.items: .*items\.csv"):
        read_csv("log.csv", "items.csv", str(tmp_path))


def test_filters_that_leave_nothing_are_named(tmp_path: Path) -> None:
    write(tmp_path)
    assert "no user has 3 or more items" in message(tmp_path, num_items=2)
    assert "data.k_core=3" in message(tmp_path, k_core=3)


def test_unknown_formats_name_the_closest() -> None:
    with pytest.raises(UserError, match="Did you mean 'movielens'"):
        read_dataset("movielense", seed=0)


MOVIES = """movieId,title,genres
1,"Postman, The (Postino, Il) (1994)",Comedy|Film-Noir
2,Untitled Pilot,(no genres listed)
3,Heat (1995),Action
"""
RATINGS = "userId,movieId,rating,timestamp\n" + "".join(
    f"{user},{movie},{movie}.0,{100 - movie}\n" for user in (1, 2) for movie in (1, 2, 3)
)


def write_movielens(folder: Path) -> str:
    (folder / "movies.csv").write_text(MOVIES)
    (folder / "ratings.csv").write_text(RATINGS)
    return str(folder)


def test_movielens_folder(tmp_path: Path) -> None:
    interactions, _ = read_dataset("movielens", path=write_movielens(tmp_path), seed=0)
    assert interactions.catalogue.titles == (
        "The Postman (Il Postino) (1994)",
        "Untitled Pilot",
        "Heat (1995)",
    )
    assert interactions.catalogue.attributes == (
        {"genre": ("comedy", "film-noir"), "decade": ("1990s",)},
        {},
        {"genre": ("action",), "decade": ("1990s",)},
    )
    assert interactions.sequences == ((2, 1, 0), (2, 1, 0))


def test_movielens_without_its_files_names_them(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"data.path is not set"):
        read_dataset("movielens", seed=0)
    with pytest.raises(UserError, match=r"data.path: there is no file .*ratings.csv"):
        read_dataset("movielens", path=str(tmp_path), seed=0)


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Shawshank Redemption, The (1994)", "The Shawshank Redemption (1994)"),
        ("Pure Formality, A (Pura formalità, Una)", "A Pure Formality (Una Pura formalità)"),
        ("Avventura, L' (1960)", "L'Avventura (1960)"),
        ("Nest (a.k.a. Bad Seed, The) (1956)", "Nest (a.k.a. The Bad Seed) (1956)"),
        ("Monsters, Inc. (2001)", "Monsters, Inc. (2001)"),
        ("I Love You, Man (2009)", "I Love You, Man (2009)"),
    ],
)
def test_trailing_articles_move_to_the_front(title: str, expected: str) -> None:
    assert article_first(title) == expected
