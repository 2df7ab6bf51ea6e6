"""Top-10 membership, compared with a sort in plain Python."""

import numpy as np
import pytest

from reward_models.perturb.measures import in_top


def test_agrees_with_sorting() -> None:
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(60, 30))
    items = rng.integers(30, size=60)
    originals = [tuple(rng.choice(30, size=6, replace=False)) for _ in items]
    expected = []
    for row, item, seen in zip(scores, items, originals, strict=True):
        unseen = [i for i in range(30) if i == item or i not in seen]
        best = sorted(unseen, key=lambda i: -row[i])[:10]
        expected.append(float(item in best))
    assert in_top(scores, items, originals).tolist() == expected
    assert 0 < sum(expected) < 60


@pytest.mark.parametrize(("above", "member"), [(9, 1.0), (10, 0.0)])
def test_ten_items_are_the_top(above: int, member: float) -> None:
    scores = np.array([[0.0] + [1.0] * above + [-1.0] * (20 - above)])
    assert in_top(scores, np.array([0]), [()]).tolist() == [member]


def test_history_items_are_not_in_the_list() -> None:
    scores = np.array([[0.0] + [1.0] * 10 + [-1.0] * 10])
    assert in_top(scores, np.array([0]), [(1, 2)]).tolist() == [1.0]
