"""What rules and prompts cost, against a recommender that counts."""

from collections.abc import Sequence
from typing import get_args

import numpy as np
import pytest
from small_world import LinearRecommender, World

from rl_explain.config.settings import Rule
from rl_explain.evaluation.baselines import CitationBaselines
from rl_explain.evaluation.cases import question
from rl_explain.evaluation.results import Result, in_order
from rl_explain.evaluation.rules import RULES, contribution_calls, is_rule, prompt_calls
from rl_explain.explainer.embedding_tables import contributions


class Counting(LinearRecommender):
    """Counts the histories that it encodes."""

    def __init__(self) -> None:
        super().__init__(0)
        self.asked = 0

    def user_embeddings(self, histories: Sequence[Sequence[int]]) -> np.ndarray:
        self.asked += len(histories)
        return super().user_embeddings(histories)


@pytest.mark.parametrize(
    "history", [(1, 2, 3), tuple(range(10)), tuple(range(15)), (1, 2, 1, 3, 4, 2), tuple(range(24))]
)
def test_contributions_cost_what_is_asked_for_them(history: tuple[int, ...]) -> None:
    recommender = Counting()
    embeddings = recommender.user_embeddings([history])
    contributions(recommender, [history], embeddings, len(history))
    assert contribution_calls(history) == recommender.asked


def test_ten_items_by_hand() -> None:
    ten = tuple(range(10))
    assert contribution_calls(ten) == 1 + 10 + 45
    costs = {name: calls(ten, 3) for name, calls in RULES.items()}
    assert costs == {
        "random": 0, "last_k": 0, "popularity": 0, "most_similar": 0,
        "contribution_dot": 56, "leave_one_out": 11, "shap": 1024,
        "greedy": 10 + 9 + 8, "oracle": 120 + 1,
    }  # fmt: skip
    assert RULES["oracle"](tuple(range(20)), 4) == 200 + 1


def test_prompts_cost_what_they_show() -> None:
    ten = tuple(range(10))
    assert [prompt_calls(form, ten, True) for form in ("hybrid", "intention")] == [56, 0]
    assert [prompt_calls(form, ten, False) for form in ("behaviour", "intention")] == [1, 0]


@pytest.mark.parametrize("name", ["leave_one_out", "greedy", "contribution_dot"])
def test_rules_cost_at_most_what_they_say(world: World, name: str) -> None:
    recommender = Counting()
    rules = CitationBaselines(recommender, world.context, world.interactions)
    for e in world.examples[:6]:
        recommender.asked = 0
        rules.choose[name]([question(e)], [2])
        assert recommender.asked <= RULES[name](e.history, 2)
        assert recommender.asked >= RULES[name](e.history, 2) - 1


def test_the_list_of_rules_is_that_of_the_settings_and_of_the_baselines(world: World) -> None:
    made = CitationBaselines(world.recommender, world.context, world.interactions)
    assert tuple(RULES) == get_args(Rule) == tuple(made.choose)


def test_rows_are_models_then_rules() -> None:
    names = ["oracle", "toy", "ppo", "most_frequent_item", "random", "base"]
    assert in_order(names, ["base", "sft", "ppo"]) == [
        "base", "ppo", "toy", "random", "oracle", "most_frequent_item"
    ]  # fmt: skip
    assert is_rule("oracle") and not is_rule("ppo, random")
    assert Result("greedy", "", {}, {}, []).kind == "rule"
    assert Result("toy", "", {}, {}, []).kind == "model"
