"""The rules that models are compared with, and what one explanation costs in recommender calls.

A call is one history that the recommender encodes and scores, beyond those that choose the item.
"""

from collections.abc import Callable, Sequence
from math import comb
from typing import TypeAlias

from reward_models.perturb.effects import EXHAUSTIVE
from rl_explain.evaluation.task_metrics import MOST_FREQUENT_ITEM
from rl_explain.explainer.embedding_tables import ALTERED

Calls: TypeAlias = Callable[[Sequence[int], int], int]
"""A history and how many items to cite of it -> recommender calls."""


def contribution_calls(history: Sequence[int]) -> int:
    """Calls behind the contribution vectors of a history: 56 at ten distinct items.

    The whole history, and the history without each item and without each pair: 1 + n + n(n - 1)/2.
    Of a long history each item is paired with the latest `ALTERED // len(history)` others alone, as
    in `embedding_tables.contributions`.
    """
    n = len(set(history))
    paired = min(n - 1, ALTERED // len(history))
    return 1 + n + paired * (paired - 1) // 2 + (n - paired) * paired


def _none(history: Sequence[int], size: int) -> int:
    return 0


def _leave_one_out(history: Sequence[int], size: int) -> int:
    return len(set(history)) + 1


def _shap(history: Sequence[int], size: int) -> int:
    return 2 ** len(set(history))


def _greedy(history: Sequence[int], size: int) -> int:
    """Each step tries every item that is not taken yet."""
    return sum(len(set(history)) - taken for taken in range(size))


def _oracle(history: Sequence[int], size: int) -> int:
    """The subsets of its pool, and the whole history."""
    return min(comb(len(set(history)), size), EXHAUSTIVE) + 1


RULES: dict[str, Calls] = {
    "random": _none,
    "last_k": _none,
    "popularity": _none,
    "most_similar": _none,
    "contribution_dot": lambda history, size: contribution_calls(history),
    "leave_one_out": _leave_one_out,
    "shap": _shap,
    "greedy": _greedy,
    "oracle": _oracle,
}
"""Citation rules in the order of the tables, each with its recommender calls."""


def is_rule(method: str) -> bool:
    """Whether a row of the tables is a rule and no model."""
    return method in RULES or method == MOST_FREQUENT_ITEM


def prompt_calls(form: str, history: Sequence[int], contributions: bool) -> int:
    """Calls behind what a model's prompt shows: of titles none, of the user's embedding one, of the
    items' contributions `contribution_calls`.
    """
    if form == "intention":
        return 0
    return contribution_calls(history) if contributions else 1
