"""The field's metrics against hand calculations, and against their definitions in loops."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from small_world import NUM_ITEMS, LinearRecommender, World

from reward_models.perturb.effects import Question
from reward_models.perturb.perturbations import delete as delete_items
from reward_models.perturb.perturbations import mask as mask_items
from reward_models.types import MASKED
from rl_explain.evaluation.literature import (
    KS,
    LENGTHS,
    Points,
    completed,
    curve_metrics,
    fixed_length_metrics,
    points,
    probability,
    rank,
    tenths,
)

History = tuple[int, ...]


@pytest.mark.parametrize("n", [1, 3, 7, 10, 13, 25, 50])
def test_tenths_are_those_of_array_split(n: int) -> None:
    sizes = [len(part) for part in np.array_split(np.arange(n), 10)]
    assert tenths(n).tolist() == [sum(sizes[:t]) for t in range(11)]


def test_rank_is_among_items_outside_the_history() -> None:
    """Item 2 scores 5. Above it: item 0 (seen) and item 4; item 5 ties."""
    scores = np.array([[9.0, 1.0, 5.0, 4.0, 8.0, 5.0]], dtype=np.float32)
    assert rank(scores, np.array([2]), [(0,)]).tolist() == [2.5]
    assert rank(scores, np.array([2]), [(0, 5)]).tolist() == [2.0]
    assert rank(scores, np.array([2]), [(4, 5)]).tolist() == [2.0]
    assert rank(scores, np.array([4]), [(0, 4)]).tolist() == [1.0]  # an item seen is ranked itself


def test_probability_is_a_softmax_over_the_whole_catalogue() -> None:
    scores = np.log([[1.0, 2.0, 5.0], [1.0, 1.0, 2.0]]) + 300
    found = probability(scores.astype(np.float32), np.array([1, 2]), [(0,), (0, 1)])
    assert found == pytest.approx([2 / 8, 2 / 4], rel=1e-4)


def flat(values: Sequence[float]) -> np.ndarray:
    return np.array([values], dtype=float)


def test_curves_by_hand() -> None:
    """Three items: points t = 0, 1, 2 are there, from t = 3 on the history is empty."""
    none = [np.nan] * 8
    ranks = Points(
        flat([1, 3, 15, *none]),
        flat([1, 1, 7, *none]),
        flat([np.nan, 4, 2] + [1] * 8),
        flat([3, 15, *none[:3]]),
        flat([4, 2, *none[:3]]),
    )
    probabilities = Points(
        flat([0.5, 0.3, 0.1, *none]),
        flat([0.5, 0.5, 0.4, *none]),
        flat([np.nan, 0.2, 0.4] + [0.5] * 8),
        flat([0.3, 0.1, *none[:3]]),
        flat([0.2, 0.4, *none[:3]]),
    )
    found = {name: float(v[0]) for name, v in curve_metrics(ranks, probabilities).items()}
    assert found["pos@1"] == pytest.approx(1 / 3)
    assert found["pos@5"] == pytest.approx(2 / 3)
    assert found["pos@20"] == 1
    assert found["neg@1"] == pytest.approx(2 / 3)
    assert found["neg@10"] == 1
    assert found["cdcg"] == pytest.approx((1 + 1 / 2 + 1 / 4) / 3)  # log2 of 2, 4, 16
    assert found["del"] == pytest.approx(0.9 / 3)
    assert found["ins"] == pytest.approx((0.2 + 0.4 + 8 * 0.5) / 10)
    fixed = {name: float(v[0]) for name, v in fixed_length_metrics(ranks, probabilities).items()}
    assert fixed["pos@1/ke_1"] == 0
    assert fixed["pos@5/ke_1"] == 1
    assert fixed["pos@5/ke_2"] == 0
    assert fixed["cdcg/ke_1"] == pytest.approx(1 / 2)
    assert fixed["del/ke_1"] == pytest.approx(0.6)
    assert fixed["ins/ke_2"] == pytest.approx(0.8)
    assert all(np.isnan(fixed[f"{name}/ke_3"]) for name in ("pos@1", "cdcg", "del", "ins"))
    assert len(found) + len(fixed) == 2 * len(KS) + 3 + len(LENGTHS) * (len(KS) + 3)


class Slow:
    """The definitions, one history at a time."""

    def __init__(self, recommender: LinearRecommender, question: Question, mask: bool) -> None:
        self.recommender, self.q, self.mask = recommender, question, mask

    def scores(self, kept: Sequence[int]) -> np.ndarray:
        hidden = [i if i in kept else MASKED for i in self.q.history]
        shown = hidden if self.mask else [i for i in hidden if i != MASKED]
        return self.recommender.score([shown])[0]

    def rank(self, kept: Sequence[int]) -> int:
        scores = self.scores(kept)
        rivals = set(range(NUM_ITEMS)) - {*self.q.history, self.q.item}
        return 1 + sum(scores[i] > scores[self.q.item] for i in rivals)

    def f(self, kept: Sequence[int]) -> float:
        powers = np.exp(self.scores(kept))
        return float(powers[self.q.item] / powers.sum())

    def mean(self, value: Callable, parts: Sequence[History]) -> float:
        return float(np.mean([value(part) for part in parts if part]))

    def metrics(self, order: History) -> dict[str, float]:
        n, whole = len(order), self.f(order)
        counts = [sum(map(len, np.array_split(np.arange(n), 10)[:t])) for t in range(11)]
        plus = [order[m:] for m in counts]
        minus = [order[: n - m] for m in counts]
        alone = [order[:m] for m in counts]
        found = {
            "cdcg": self.mean(lambda p: 1 / np.log2(1 + self.rank(p)), plus),
            "del": self.mean(self.f, plus),
            "ins": self.mean(self.f, alone),
        }
        for k in KS:
            found[f"pos@{k}"] = self.mean(lambda p, k=k: self.rank(p) <= k, plus)
            found[f"neg@{k}"] = self.mean(lambda p, k=k: self.rank(p) <= k, minus)
        for size in (size for size in LENGTHS if size < n):
            first, rest = order[:size], order[size:]
            found |= {f"pos@{k}/ke_{size}": float(self.rank(rest) <= k) for k in KS}
            found[f"cdcg/ke_{size}"] = 1 / np.log2(1 + self.rank(rest))
            found[f"del/ke_{size}"] = self.f(rest) / whole
            found[f"ins/ke_{size}"] = self.f(first) / whole
        return found


def top_questions(world: World) -> list[Question]:
    questions = []
    for e in world.examples[::2]:
        scores = world.recommender.score([e.history])[0]
        scores[list(e.history)] = -np.inf
        questions.append(Question(e.history, int(scores.argmax()), "yes"))
    return questions


@pytest.mark.parametrize("perturb", [delete_items, mask_items])
def test_all_metrics_match_the_definitions(world: World, perturb: Callable) -> None:
    questions, rng = top_questions(world), np.random.default_rng(3)
    questions += [Question((4, 9, 4, 1, 9, 17), 20, "yes")]  # items that occur twice
    orders = [tuple(rng.permutation(list(set(q.history))).tolist()) for q in questions]
    found = points(world.recommender, NUM_ITEMS, questions, orders, perturb)
    columns = curve_metrics(*found) | fixed_length_metrics(*found)
    for i, (question, order) in enumerate(zip(questions, orders, strict=True)):
        slow = Slow(world.recommender, question, perturb is mask_items).metrics(order)
        assert {name: columns[name][i] for name in slow} == pytest.approx(slow)
        assert all(np.isnan(columns[name][i]) for name in columns.keys() - slow.keys())


def test_no_order_is_asked_about_nothing(world: World) -> None:
    asked = []

    class Watching:
        def score(self, histories: Sequence[Sequence[int]]) -> np.ndarray:
            asked.extend(histories)
            return world.recommender.score(histories)

    questions = top_questions(world)
    orders = [question.history for question in questions]
    for perturb in (delete_items, mask_items):
        points(Watching(), NUM_ITEMS, questions, orders, perturb)
    assert asked
    assert all(any(item >= 0 for item in history) for history in asked)


def test_a_completed_order_begins_as_the_text_names() -> None:
    history = (5, 3, 9, 3, 7, 1)
    orders = {completed((7, 3), history, np.random.default_rng(seed)) for seed in range(40)}
    assert {order[:2] for order in orders} == {(7, 3)}
    assert all(sorted(order) == [1, 3, 5, 7, 9] for order in orders)
    assert len(orders) == 6  # every order of the other three
