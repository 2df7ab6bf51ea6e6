"""The readers on real files, where the folder `../shared/data` lies beside the project."""

from pathlib import Path

import pandas as pd
import pytest

from rl_explain.data.dataset import read_dataset

SHARED = Path(__file__).parents[3] / "shared" / "data"
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not SHARED.is_dir(), reason=f"the data folder {SHARED} is absent"),
]


def test_movielens_small() -> None:
    folder = SHARED / "ml-latest-small"
    interactions, figures = read_dataset(
        "movielens", path=str(folder), num_items=1000, k_core=5, seed=0
    )
    ratings = pd.read_csv(folder / "ratings.csv")
    top = ratings["movieId"].value_counts().nlargest(1000, keep="all").index.astype(str)
    assert set(interactions.catalogue.item_ids) <= set(top)
    assert figures["items"] == 1000 and figures["users"] > 600
    assert interactions.catalogue.find("the shawshank redemption (1994)") is not None
    assert figures["tied_share"] > 0.2

    user = ratings[ratings["userId"] == 1].set_index("movieId")["timestamp"]
    row = interactions.user_ids.index("1")
    ids = [int(interactions.catalogue.item_ids[item]) for item in interactions.sequences[row]]
    times = [user[movie] for movie in ids]
    assert times == sorted(times)


def test_amazon_games() -> None:
    interactions, figures = read_dataset(
        "csv",
        path=str(SHARED / "amazon-games"),
        interactions="interactions.csv.gz",
        items="items.csv.gz",
        num_items=1500,
        num_users=4000,
        k_core=5,
        seed=0,
    )
    assert 1400 <= figures["items"] <= 1500 and 3900 <= figures["users"] <= 4000
    assert figures["length/min"] >= 5 and figures["item_count/min"] >= 5
    titles = interactions.catalogue.titles
    assert len({title.casefold() for title in titles}) == len(titles)
