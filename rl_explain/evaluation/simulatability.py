"""Does an explanation help to predict the recommender's label (LAS: Hase et al. 2020, equation 1)?

Three readers learn to predict the label from the measured method's explanations for training users:
one from the history and the item (h, a), one from these and the explanation (h, a, e), one from the
explanation alone. If the last one is right, the text gives its label away: the case leaks.

    gain = 1/2 sum_g mean_{cases of g} (right(h, a, e) - right(h, a)),  g: leaking, not leaking

A reader is a logistic regression. The features of (h, a) are the item's similarity to the history
items, by the recommender's item embeddings and by shared attributes, and its popularity; of e its
words, without verdict words and with every title replaced by the same word; of (h, a, e) also the
item's similarity to the items that the text names. A better reader may find more.
"""

import re
from collections.abc import Sequence

import numpy as np

from reward_models.context import RewardContext
from reward_models.text.citations import MASK
from reward_models.text.reading import Reading
from rl_explain.data.interactions import Interactions
from rl_explain.evaluation.baselines import item_directions
from rl_explain.evaluation.cases import Columns, question
from rl_explain.evaluation.statistics import RESAMPLES, Estimate, corpus_estimate
from rl_explain.recommenders.next_item import popularity
from rl_explain.recommenders.protocol import Recommender
from rl_explain.tasks.examples import Example
from rl_explain.teacher.writer import attribute_values

FEWEST_CASES = 30
"""Minimum number of leaking and of other cases; with fewer of either the gain is undefined."""
VERDICT_WORDS = ("yes", "no", "verdict", "answer")
LEAKING, OTHER = "simulatability/gain_leaking", "simulatability/gain_other"


class Readers:
    """Learns from explanations of training cases and predicts the labels of test cases.

    Args:
        training: labelled explanation questions about training users.
        test: the measured questions.
    """

    def __init__(
        self,
        training: Sequence[Example],
        test: Sequence[Example],
        interactions: Interactions,
        recommender: Recommender,
        context: RewardContext,
    ) -> None:
        self._cases = {"training": training, "test": test}
        self._context = context
        self._directions = item_directions(recommender)
        self._values = [set(attribute_values(a)) for a in context.attributes]
        sequences = [sequence[:-2] for sequence in interactions.sequences]
        self._log_popularity = np.log1p(popularity(sequences, len(context.titles))([()])[0])

    def read(self, training_texts: Sequence[str], texts: Sequence[str]) -> Columns:
        """Whether each reader is right on each test case, and what the explanation changes.

        The share of leaking cases is `simulatability/accuracy_text`.

        Raises:
            ModuleNotFoundError: scikit-learn is not installed.
        """
        said = {"training": training_texts, "test": texts}
        readings = {part: [self._context.read(t) for t in said[part]] for part in said}
        words = _words(readings["training"], readings["test"])
        shown = {part: self._shown(part) for part in said}
        named = {part: self._named(part, readings[part]) for part in said}
        inputs = {
            "history": shown,
            "text": words,
            "both": {part: np.hstack([shown[part], named[part], words[part]]) for part in said},
        }
        labels = {part: [question(e).label for e in cases] for part, cases in self._cases.items()}
        right = {name: _right(features, labels) for name, features in inputs.items()}
        leaks = right["text"] == 1
        gained = right["both"] - right["history"]
        columns = {f"simulatability/accuracy_{name}": values for name, values in right.items()}
        return columns | {
            LEAKING: np.where(leaks, gained, np.nan),
            OTHER: np.where(leaks, np.nan, gained),
        }

    def _shown(self, part: str) -> np.ndarray:
        """(h, a) as numbers: (cases, features)."""
        rows = [
            [*self._similarity(q.item, q.history), self._log_popularity[q.item]]
            for q in map(question, self._cases[part])
        ]
        return np.array(rows)

    def _named(self, part: str, readings: Sequence[Reading]) -> np.ndarray:
        """Similarity of the item to the items that a text names: (cases, features)."""
        rows = [
            self._similarity(q.item, reading.cited(q.history))
            for q, reading in zip(map(question, self._cases[part]), readings, strict=True)
        ]
        return np.array(rows)

    def _similarity(self, item: int, others: Sequence[int]) -> list[float]:
        """Cosines and shared attribute values of an item with others; zeros without others."""
        if not others:
            return [0.0] * 7
        cosines = self._directions[list(others)] @ self._directions[item]
        shared = [len(self._values[item] & self._values[o]) if self._values else 0 for o in others]
        return [
            *(cosines.max(), cosines.mean(), cosines.min(), cosines[-1]),
            *(float(np.max(shared)), float(np.mean(shared)), float(len(others))),
        ]


def gain(
    columns: Columns, users: np.ndarray, resamples: int = RESAMPLES, seed: int = 0
) -> Estimate:
    """The gain from the columns of `Readers.read`; `users` (N,) are the users of the cases.

    All NaN if either group has fewer than `FEWEST_CASES` cases.
    """
    groups = [columns[name] for name in (LEAKING, OTHER)]
    if min((~np.isnan(values)).sum() for values in groups) < FEWEST_CASES:
        return Estimate(np.nan, np.nan, np.nan)
    _, user = np.unique(users, return_inverse=True)

    def statistic(weights: np.ndarray) -> np.ndarray:
        means = [
            (weights @ np.bincount(user, np.nan_to_num(values)))
            / (weights @ np.bincount(user, ~np.isnan(values)))
            for values in groups
        ]
        return np.mean(means, axis=0)

    return corpus_estimate(statistic, int(user.max()) + 1, resamples, seed)


def _words(training: Sequence[Reading], test: Sequence[Reading]) -> dict[str, np.ndarray]:
    """Counts of words in at least two training texts, without verdict words, titles as one word."""
    from sklearn.feature_extraction.text import CountVectorizer

    texts = {
        part: [re.sub(f"{MASK}+", " title ", reading.masked) for reading in readings]
        for part, readings in {"training": training, "test": test}.items()
    }
    counter = CountVectorizer(min_df=2, stop_words=list(VERDICT_WORDS), token_pattern=r"\w+")
    try:
        counter.fit(texts["training"])
    except ValueError:  # no word is left: texts contain only a verdict
        return {part: np.zeros((len(some), 1)) for part, some in texts.items()}
    return {part: counter.transform(some).toarray() for part, some in texts.items()}


def _right(features: dict[str, np.ndarray], labels: dict[str, list]) -> np.ndarray:
    """Whether a reader fitted to the training part is right on each test case: (N,)."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    reader = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
    reader.fit(features["training"], labels["training"])
    return (reader.predict(features["test"]) == np.array(labels["test"])).astype(float)
