"""The rules that models are compared with, and the recommender calls per explanation.

A call is one history that the recommender encodes and scores, beyond those that choose the item.
"""

from collections.abc import Callable, Sequence
from math import comb
from typing import TypeAlias

from reward_models.perturb.effects import EXHAUSTIVE
from rl_explain.evaluation.task_metrics import MOST_FREQUENT_ITEM
from rl_explain.explainer.embedding_tables import ALTERED

Calls: TypeAlias = Callable[[Sequence[int], int], int]
"""A history and the number of items to cite -> recommender calls."""


def contribution_calls(history: Sequence[int]) -> int:
    """Calls for the contribution vectors of a history: 56 for ten distinct items.

    The whole history, and the history without each item and without each pair: 1 + n + n(n - 1)/2.
    In a long history each item is paired only with the latest `ALTERED // len(history)` others, as
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
    """The subsets of its pool and the whole history."""
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
"""Citation rules in table order, each with its recommender calls."""


def is_rule(method: str) -> bool:
    """Whether a table row is a rule, not a model."""
    return method in RULES or method == MOST_FREQUENT_ITEM


def prompt_calls(form: str, history: Sequence[int], contributions: bool) -> int:
    """Calls for a model's prompt: none for titles alone, one for the user's embedding,
    `contribution_calls` with the items' contributions.
    """
    if form == "intention":
        return 0
    return contribution_calls(history) if contributions else 1
