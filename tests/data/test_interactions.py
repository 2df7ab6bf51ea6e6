from pathlib import Path

import pytest

from rl_explain.data.catalogue import Catalogue
from rl_explain.data.interactions import Interactions
from rl_explain.errors import UserError


def small(causes: bool = True) -> Interactions:
    catalogue = Catalogue(("a", "b", "c"), ("Ä", "B", "C"), ({"theme": ("sport",)}, {}, {}))
    planted = ((("theme", "sport"),), (("theme", "sport"), ("setting", "polar")))
    return Interactions(catalogue, ("u", "v"), ((0, 1, 2), (2, 1, 0)), planted if causes else None)


@pytest.mark.parametrize("causes", [True, False])
def test_save_and_load_give_the_same(tmp_path: Path, causes: bool) -> None:
    interactions = small(causes)
    interactions.save(tmp_path)
    again = Interactions.load(tmp_path)
    assert again == interactions
    assert again.fingerprint == interactions.fingerprint
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "catalogue.json",
        "interactions.json",
    ]


def test_fingerprint_sees_the_order_of_choices() -> None:
    one = small()
    other = Interactions(one.catalogue, one.user_ids, ((1, 0, 2), (2, 1, 0)), one.causes)
    assert one.fingerprint != other.fingerprint


def test_load_refuses_a_folder_without_data(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="prepare stage"):
        Interactions.load(tmp_path)


def test_load_refuses_files_of_different_data(tmp_path: Path) -> None:
    small().save(tmp_path)
    file = tmp_path / "catalogue.json"
    file.write_text(file.read_text().replace('"B"', '"Bee"'))
    with pytest.raises(UserError, match="do not belong together"):
        Interactions.load(tmp_path)


def test_load_refuses_damaged_files(tmp_path: Path) -> None:
    small().save(tmp_path)
    (tmp_path / "interactions.json").write_text('{"user_ids": [')
    with pytest.raises(UserError, match="damaged"):
        Interactions.load(tmp_path)
