"""Shapley values of a history's items (Lundberg and Lee 2017), by the library `shap`.

The players are the distinct items of a history. A coalition is worth the measure of the asked item
when the recommender reads only these items. The recommender is never asked about an empty history:
the empty coalition is worth the mean of the single items. This choice shifts all exact values
equally, so it does not change their order.
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
    """The distinct items of each history, sorted by support for the question's label, most first.

    Exact up to ten items; with more, from random permutations.

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
    empty, full = np.zeros((1, n)), np.ones((1, n))
    explain = shap.Explainer(game.worth, shap.maskers.Independent(empty), seed=seed)
    values = explain(full, silent=True).values[0]
    return tuple(game.items[place] for place in np.argsort(-values, kind="stable"))


class _Game:
    """The worth of each coalition of a history's items."""

    def __init__(
        self, recommender: Recommender, num_items: int, asked: Question, measure: Measure
    ) -> None:
        self.items = distinct(asked.history)
        self._recommender = recommender
        self._num_items = num_items
        self._asked = asked
        self._measure = measure
        self._empty_worth = self._ask([(item,) for item in self.items]).mean()

    def worth(self, coalitions: np.ndarray) -> np.ndarray:
        """The worth (B,) of coalitions (B, n), which are 1 for members."""
        kept = [tuple(np.array(self.items)[row].tolist()) for row in coalitions.astype(bool)]
        values = self._ask(kept)
        return np.where(np.isnan(values), self._empty_worth, values)

    def _ask(self, kept: Sequence[History]) -> np.ndarray:
        history, item, label = self._asked
        parts = [Part(history, item, items) for items in kept]
        (found,) = partial_history_scores(
            self._recommender, self._num_items, parts, [self._measure]
        )
        return found if label == "yes" else -found
