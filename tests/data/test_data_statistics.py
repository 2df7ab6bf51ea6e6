import pytest

from rl_explain.data.catalogue import Catalogue
from rl_explain.data.interactions import Interactions
from rl_explain.data.statistics import statistics, statistics_table


def test_figures_by_hand() -> None:
    catalogue = Catalogue(tuple("abcde"), tuple("ABCDE"), ({"genre": ("noir",)}, {}, {}, {}, {}))
    interactions = Interactions(catalogue, ("u", "v"), ((0, 1, 2), (0, 1, 2, 3, 4)))
    figures = statistics(interactions)
    assert figures == {
        "users": 2,
        "items": 5,
        "interactions": 8,
        "density": pytest.approx(0.8),
        "length/min": 3,
        "length/median": 4,
        "length/max": 5,
        "item_count/min": 1,
        "item_count/median": 2,
        "item_count/max": 2,
        "top_tenth_share": pytest.approx(0.25),
        "with_attributes": pytest.approx(0.2),
    }


def test_table_has_a_line_a_figure() -> None:
    lines = statistics_table({"users": 2500, "density": 0.04616}).splitlines()
    assert [line.split() for line in lines] == [["users", "2,500"], ["density", "0.04616"]]
    assert len(set(map(len, lines))) == 1
