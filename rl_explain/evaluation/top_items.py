"""Literature metrics of methods that explain the recommender's top items.

A text that names a few items gives only a partial order: the named items in the text's order, then
the others at random, averaged over `DRAWS` orders. A text whose verdict is not yes does not explain
why an item is recommended, so its whole order is random. Methods that name a few items and rules
that order all items are comparable only at a fixed length.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from reward_models.context import RewardContext
from reward_models.perturb.effects import Question
from reward_models.perturb.perturbations import PERTURBATIONS
from reward_models.text.reading import Reading
from reward_models.types import History
from rl_explain.evaluation.cases import Columns, question, split
from rl_explain.evaluation.literature import (
    LENGTHS,
    completed,
    curve_metrics,
    fixed_length_metrics,
    points,
    probability,
)
from rl_explain.evaluation.partial_histories import Part, partial_history_scores
from rl_explain.evaluation.strata import by_confidence, by_length
from rl_explain.evaluation.tasks import Answered
from rl_explain.tasks.examples import Example

TASK = "top_item"
"""Task name of these questions in samples."""
DRAWS = 10
"""Number of random completions of an order to average."""
GROUPS = {"deletion": "literature/", "masking": "literature_masking/"}
"""Prefix of the metrics for each way to remove items."""
IN_SAMPLES = tuple(f"literature/{name}" for name in ("pos@10", "neg@10", "cdcg", "del", "ins"))
"""Metrics shown in samples; all of them would take more space than the texts."""
STRATIFIED = tuple(
    f"literature/{name}{length}"
    for name in ("pos@10", "cdcg", "del", "ins")
    for length in ("", "/ke_1")
)
"""Metrics also reported by history length and by the recommender's confidence."""
_TOGETHER = 128
"""Questions per batch, which bounds the altered histories in memory."""


class TopItemScorer:
    """Scores orders of importance, and texts, as answers to one list of top item questions.

    Args:
        examples: explanation questions about top items, labelled yes.
        longest: maximum history length that the recommender reads.
        seed: seed of the random completions, which depend only on it and on the question.
    """

    def __init__(
        self, examples: Sequence[Example], context: RewardContext, longest: int, seed: int = 0
    ) -> None:
        self._examples = examples
        self._context = context
        self._seed = seed
        self.questions = [question(example) for example in examples]
        self._strata = self._lengths_and_confidence(longest)

    def _lengths_and_confidence(self, longest: int) -> dict[str, np.ndarray]:
        """Confidence is the item's probability: a top item's percentile is always 1."""
        asked, context = self.questions, self._context
        whole = [Part(q.history, q.item, q.history) for q in asked]
        (sure,) = partial_history_scores(
            context.recommender, len(context.titles), whole, [probability]
        )
        return by_length([q.history for q in asked], longest) | by_confidence(sure)

    def texts(self, texts: Sequence[str]) -> Answered:
        """Texts, one per question, with all literature metrics."""
        readings = [self._context.read(text) for text in texts]
        named = [_named(r, q.history) for r, q in zip(readings, self.questions, strict=True)]
        orders = [self._completions(q, n) for q, n in zip(self.questions, named, strict=True)]
        return self._answered(texts, named, orders)

    def orders(self, orders: Sequence[History]) -> Answered:
        """Complete orders of importance, one per question; there is no text."""
        return self._answered([""] * len(orders), orders, [[order] for order in orders])

    def _completions(self, asked: Question, named: History) -> list[History]:
        key = [self._seed, asked.item, *asked.history]
        return [
            completed(named, asked.history, np.random.default_rng([draw, *key]))
            for draw in range(DRAWS)
        ]

    def _answered(
        self,
        texts: Sequence[str],
        named: Sequence[History],
        orders: Sequence[Sequence[History]],
    ) -> Answered:
        columns = self._columns(orders)
        for name in STRATIFIED:
            columns |= split(columns, name, self._strata)
        counts = np.array([len(items) for items in named])
        for size in LENGTHS:
            columns[f"literature/cites/ke_{size}"] = (counts >= size).astype(float)
        notes: dict[str, list[Any]] = {
            "named": [[self._context.titles[row] for row in items] for items in named]
        }
        examples = [replace(example, task=TASK) for example in self._examples]
        return Answered(examples, texts, columns, notes, IN_SAMPLES)

    def _columns(self, orders: Sequence[Sequence[History]]) -> Columns:
        """Each question's mean over its orders."""
        starts = range(0, len(orders), _TOGETHER)
        parts = [
            self._part(self.questions[i : i + _TOGETHER], orders[i : i + _TOGETHER]) for i in starts
        ]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def _part(self, questions: Sequence[Question], orders: Sequence[Sequence[History]]) -> Columns:
        repeated = [q for q, several in zip(questions, orders, strict=True) for _ in several]
        flat = [order for several in orders for order in several]
        columns: Columns = {}
        for name, group in GROUPS.items():
            context = self._context
            perturb = PERTURBATIONS[name]
            found = points(context.recommender, len(context.titles), repeated, flat, perturb)
            metrics = curve_metrics(*found) | fixed_length_metrics(*found)
            columns |= {
                f"{group}{metric}": values.reshape(len(questions), -1).mean(axis=1)
                for metric, values in metrics.items()
            }
        return columns


def _named(reading: Reading, history: History) -> History:
    """The history items that a text names, in its order; none unless its verdict is yes."""
    if reading.verdict != "yes":
        return ()
    rows = (citation.item for citation in reading.citations)
    return tuple(dict.fromkeys(row for row in rows if row in history))
