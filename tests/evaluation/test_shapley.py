"""Orders by Shapley value against the definition, a mean over all orders of arrival."""

from collections.abc import Sequence
from itertools import permutations

import numpy as np
import pytest
from small_world import World

from reward_models.perturb.effects import Measure, Question
from reward_models.perturb.measures import log_probability, percentile
from reward_models.types import Label
from rl_explain.evaluation.shapley import shapley_orders


class Slow:
    """Marginal contributions, one coalition at a time; an empty one is worth `nothing`."""

    def __init__(self, world: World, asked: Question, measure: Measure, nothing: float) -> None:
        self.world, self.asked, self.measure, self.nothing = world, asked, measure, nothing

    def worth(self, coalition: Sequence[int]) -> float:
        if not coalition:
            return self.nothing
        shown = tuple(item for item in self.asked.history if item in coalition)
        scores = self.world.recommender.score([shown])
        value = self.measure(scores, np.array([self.asked.item]), [self.asked.history])[0]
        return float(value if self.asked.label == "yes" else -value)

    def values(self) -> dict[int, float]:
        items = tuple(dict.fromkeys(self.asked.history))
        found = dict.fromkeys(items, 0.0)
        orders = list(permutations(items))
        for order in orders:
            for place, item in enumerate(order):
                gain = self.worth(order[: place + 1]) - self.worth(order[:place])
                found[item] += gain / len(orders)
        return found


@pytest.mark.parametrize("label", ["yes", "no"])
@pytest.mark.parametrize("measure", [percentile, log_probability])
@pytest.mark.parametrize("nothing", [0.0, 50.0])
def test_orders_fall_in_shapley_value(
    world: World, measure: Measure, label: Label, nothing: float
) -> None:
    histories = [e.history for e in world.examples if len(e.history) in (3, 4)]
    questions = [Question(history, 19, label) for history in histories]
    questions += [Question((3, 8, 3, 11), 19, label)]  # an item that occurs twice
    found = shapley_orders(world.recommender, 24, questions, measure)
    for asked, order in zip(questions, found, strict=True):
        values = Slow(world, asked, measure, nothing).values()
        assert sorted(order) == sorted(values)
        assert (np.diff([values[item] for item in order]) <= 1e-6).all()


def test_long_histories_are_ordered_by_chance_and_seed_alone(world: World) -> None:
    asked = [Question(tuple(range(13)), 19, "yes")]
    orders = [shapley_orders(world.recommender, 24, asked, percentile, seed=7) for _ in range(2)]
    assert orders[0] == orders[1]
    assert sorted(orders[0][0]) == list(range(13))
