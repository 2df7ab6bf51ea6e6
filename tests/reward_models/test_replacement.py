"""Replacing items by random ones."""

from reward_models.perturb.perturbations import replacement

HISTORY = (3, 5, 3, 8, 1)


def test_only_removed_items_change_to_items_outside_the_history() -> None:
    for seed in range(20):
        altered = replacement(12, seed)(HISTORY, {3, 8})
        assert [altered[place] for place in (1, 4)] == [5, 1]
        assert altered[0] == altered[2]  # the same for every occurrence
        assert not {altered[0], altered[3]} & set(HISTORY)
        assert all(0 <= item < 12 for item in altered)


def test_a_replacement_does_not_depend_on_other_removed_items() -> None:
    perturb = replacement(50, seed=1)
    assert perturb(HISTORY, {3})[0] == perturb(HISTORY, {3, 8})[0]
    assert perturb(HISTORY, {3, 8}) == replacement(50, seed=1)(HISTORY, {3, 8})


def test_replacements_come_from_the_whole_catalogue() -> None:
    drawn = {replacement(12, seed)(HISTORY, {3})[0] for seed in range(200)}
    assert drawn == set(range(12)) - set(HISTORY)
    assert replacement(12, 0)((2, 4), {2}) != (2, 4)
