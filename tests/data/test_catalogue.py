import pytest

from rl_explain.data.catalogue import MAX_TITLE, SEPARATOR, Catalogue, clean_title, unique_titles

UGLY = [
    "A; B",
    'The "Best" of “All”',
    "line\none\ttwo\u200b",
    "<|item_3|> and </s>",
    "Tom &amp; Jerry &amp;quot;Gold&amp;quot; Pok&eacute;mon&#10;X",
    "R&copy rights",
    "word " * 100,
    "x" * 400,
    "  ; spaced ,;  ",
]


@pytest.mark.parametrize("title", UGLY)
def test_clean_titles_hold_nothing_that_prompt_or_parser_reads(title: str) -> None:
    clean = clean_title(title)
    assert clean == clean.strip() and clean
    assert len(clean) <= MAX_TITLE
    assert not set(clean) & set(';"“”«»<>\n\t') and SEPARATOR not in clean
    assert clean_title(clean) == clean


def test_clean_title_keeps_what_can_be_read() -> None:
    assert clean_title("Tom &amp;amp; Jerry: it's 5 > 4") == "Tom & Jerry: it's 5 › 4"
    assert clean_title("R&copy rights") == "R&copy rights"
    assert clean_title("  ;\n") == ""


def test_repeated_titles_carry_their_ids() -> None:
    assert unique_titles(["Up", "UP", "It"], ["7", "8", "9"]) == ("Up [7]", "UP [8]", "It")


def test_titles_stay_apart_when_ids_collide_with_titles_or_each_other() -> None:
    titles = unique_titles(["Up", "up", "Up [1]", "Go", "Go"], ["1", "2", "3", "a;", "A,"])
    assert len({title.casefold() for title in titles}) == 5


@pytest.fixture
def catalogue() -> Catalogue:
    attributes: tuple = ({"genre": ("mystery",)}, {}, {"genre": ("noir", "crime")})
    return Catalogue(
        ("a", "b", "c"), ("The Silent Tide", "Iron Orchard", "Glass Comet"), attributes
    )


def test_find_ignores_case_and_dirt(catalogue: Catalogue) -> None:
    assert catalogue.find(' the "silent" tide') is None
    assert catalogue.find("  IRON\norchard ") == 1
    assert catalogue.find("Iron") is None


def test_closest_titles_come_best_first(catalogue: Catalogue) -> None:
    assert catalogue.closest("the silent time")[0] == "The Silent Tide"


def test_json_round_trip_keeps_the_fingerprint(catalogue: Catalogue) -> None:
    again = Catalogue.from_json(catalogue.to_json())
    assert again == catalogue and again.fingerprint == catalogue.fingerprint


def test_fingerprint_sees_titles_attributes_and_order(catalogue: Catalogue) -> None:
    other = Catalogue(catalogue.item_ids, catalogue.titles, ({}, {}, {}))
    turned = Catalogue(catalogue.item_ids[::-1], catalogue.titles, catalogue.attributes)
    assert len({catalogue.fingerprint, other.fingerprint, turned.fingerprint}) == 3
