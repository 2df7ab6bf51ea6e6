"""Shapley values of a history's items (Lundberg and Lee 2017), by the library `shap`.

The players are the distinct items of a history; a coalition is worth what the recommender makes of
the asked item when it is shown these items alone. It is never asked about none of them: the empty
coalition counts as worth what single items are on average. What it is worth moves all exact values
alike, and so no order.
"""

from collections.abc import Sequence

import numpy as np

from reward_models.perturb.effects import Measure, Question, distinct
from reward_models.types import History, Recommender
from rl_explain.evaluation.partial_histories import Part, partial_history_scores
from rl_explain.progress import track


def shapley_orders(
    recommender: Recommender,
    num_items: int,
    questions: Sequence[Question],
    measure: Measure,
    seed: int = 0,
) -> list[History]:
    """The distinct items of each history, those first that speak most for the question's label.

    Exact up to ten items, by random permutations above.

    Raises:
        ModuleNotFoundError: `shap` is not installed.
    """
    return [
        _order(_Game(recommender, num_items, question, measure), seed)
        for question in track(questions, "shap")
    ]


def _order(game: "_Game", seed: int) -> History:
    import shap

    n = len(game.items)
    nobody, everybody = np.zeros((1, n)), np.ones((1, n))
    explain = shap.Explainer(game.worth, shap.maskers.Independent(nobody), seed=seed)
    values = explain(everybody, silent=True).values[0]
    return tuple(game.items[place] for place in np.argsort(-values, kind="stable"))


class _Game:
    """What each coalition of a history's items is worth."""

    def __init__(
        self, recommender: Recommender, num_items: int, asked: Question, measure: Measure
    ) -> None:
        self.items = distinct(asked.history)
        self._recommender = recommender
        self._num_items = num_items
        self._asked = asked
        self._measure = measure
        self._nobody = self._ask([(item,) for item in self.items]).mean()

    def worth(self, coalitions: np.ndarray) -> np.ndarray:
        """Of coalitions (B, n), 1 where an item is in: (B,)."""
        kept = [tuple(np.array(self.items)[row].tolist()) for row in coalitions.astype(bool)]
        values = self._ask(kept)
        return np.where(np.isnan(values), self._nobody, values)

    def _ask(self, kept: Sequence[History]) -> np.ndarray:
        history, item, label = self._asked
        parts = [Part(history, item, items) for items in kept]
        (found,) = partial_history_scores(
            self._recommender, self._num_items, parts, [self._measure]
        )
        return found if label == "yes" else -found
