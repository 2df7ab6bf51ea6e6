"""Reliability of a judge: figures on explanations of known quality.

    accuracy                 share of ratings that equal the true level after rounding
    kappa                    agreement beyond chance, quadratic weights (Cohen 1968)
    self_agreement           share of texts that get the same level when rated again
    position_consistency     share of pairs in which the same text is preferred in both orders
    first_share              share of "first" among preferences other than ties; 0.5 is unbiased
    preference_accuracy      share of pairs whose faithful text is preferred in both orders
    length_correlation       Spearman's rank correlation of rating and word count within a level,
                             mean over levels weighted by size; above 0, length raises ratings
    unanswered               share of ratings and preferences without an answer
    at_or_above_faithful/KIND
                             share of questions whose text of this kind is rated at least as high
                             as the faithful explanation of the same question

A figure is undefined (NaN) if the judge answered nothing or its ratings do not vary.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TypeVar

import numpy as np
from scipy.stats import spearmanr
from statsmodels.stats.inter_rater import cohens_kappa

from reward_models.judge.types import HIGHEST, LOWEST, Judge, JudgeCase, Preference, Rating
from reward_models.types import Failed
from rl_explain.evaluation.statistics import Estimate, Measure, estimate
from rl_explain.judge_validation.known_quality import DEGENERATE, FAITHFUL, LEVELS, KnownText
from rl_explain.progress import track

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")
Pair = tuple[JudgeCase, JudgeCase]

SWAPPED = {"first": "second", "second": "first", "tie": "tie"}
AT_ONCE = 256
"""Questions per batch for a judge."""


@dataclass(frozen=True)
class JudgeValidation:
    """A judge's answers about texts of known quality.

    ratings, again: (N,) float in [1, 4], the same texts rated twice; NaN if unanswered.
    forward, backward: preferences for pairs with the faithful text first, and second.
    """

    texts: Sequence[KnownText]
    ratings: np.ndarray
    again: np.ndarray
    forward: Sequence[Preference]
    backward: Sequence[Preference]

    @property
    def levels(self) -> np.ndarray:
        """(N,) int, the true level of each text."""
        return np.array([text.level for text in self.texts])

    @property
    def kinds(self) -> np.ndarray:
        """(N,) str, the kind of each text."""
        return np.array([text.kind for text in self.texts])

    @property
    def words(self) -> np.ndarray:
        """(N,) int, word count of each text."""
        return np.array([len(text.case.text.split()) for text in self.texts])

    def confusion(self) -> np.ndarray:
        """Number of texts by true level and given level: (4, 4) int, without unanswered ones."""
        known = ~np.isnan(self.ratings)
        return confusion(self.levels[known], to_level(self.ratings[known]))

    def accuracy(self) -> Estimate:
        """Share of texts rated at their true level, with its interval over questions."""
        right = np.where(np.isnan(self.ratings), np.nan, to_level(self.ratings) == self.levels)
        return estimate(Measure(right, np.array([text.question for text in self.texts])))

    def at_or_above_faithful(self, kind: str) -> float:
        """Share of questions whose text of this kind is rated no lower than the faithful text."""
        other, faithful = self.ratings[self.kinds == kind], self.ratings[self.kinds == FAITHFUL]
        answered = ~np.isnan(other) & ~np.isnan(faithful)
        return _mean(other[answered] >= faithful[answered])

    def length_correlations(self) -> dict[int, float]:
        """True level to Spearman's correlation of rating and word count among its texts."""
        known = ~np.isnan(self.ratings)
        found = {}
        for level in range(LOWEST, HIGHEST + 1):
            of_level = known & (self.levels == level)
            found[level] = spearman(self.ratings[of_level], self.words[of_level])
        return found

    def metrics(self) -> dict[str, float | None]:
        """The figures of the module's docstring, flat; `None` where undefined."""
        both = ~np.isnan(self.ratings) & ~np.isnan(self.again)
        found = {
            "kappa": quadratic_kappa(self.confusion()),
            "self_agreement": _mean(
                to_level(self.ratings[both]) == to_level(self.again[both]),
            ),
            **self._preferences(),
            "length_correlation": self._length_correlation(),
            "unanswered": self._unanswered(),
            **{
                f"at_or_above_faithful/{kind}": self.at_or_above_faithful(kind)
                for kind in DEGENERATE
            },
        }
        plain = {name: None if np.isnan(value) else value for name, value in found.items()}
        return {**self.accuracy().flat("accuracy"), **plain, "texts": len(self.texts)}

    def _preferences(self) -> dict[str, float]:
        asked = zip(self.forward, self.backward, strict=True)
        pairs = [pair for pair in asked if not any(isinstance(p, Failed) for p in pair)]
        decided = [str(p) for pair in pairs for p in pair if p != "tie"]
        return {
            "position_consistency": _mean([SWAPPED[str(b)] == f for f, b in pairs]),
            "first_share": _mean([answer == "first" for answer in decided]),
            "preference_accuracy": _mean([pair == ("first", "second") for pair in pairs]),
        }

    def _length_correlation(self) -> float:
        known = ~np.isnan(self.ratings)
        by_level = self.length_correlations().items()
        defined = [(np.sum(known & (self.levels == n)), r) for n, r in by_level if not np.isnan(r)]
        if not defined:
            return float("nan")
        sizes, correlations = zip(*defined, strict=True)
        return float(np.average(correlations, weights=sizes))

    def _unanswered(self) -> float:
        preferences = [isinstance(p, Failed) for p in (*self.forward, *self.backward)]
        return _mean(np.concatenate([np.isnan(self.ratings), np.array(preferences, dtype=bool)]))


def validate_judge(
    judge: Judge, texts: Sequence[KnownText], again: Judge | None = None
) -> JudgeValidation:
    """Ask a judge about texts of known quality.

    It rates each text twice. For each question it compares the faithful text with one of another
    kind, in both orders; the other kind varies by question.

    Args:
        texts: from `known_texts`, in its order.
        again: the judge for the second rating; by default `judge`. A judge with a cache always
            agrees with itself: pass the same judge with an empty cache.
    """
    cases = [text.case for text in texts]
    pairs = faithful_pairs(texts)
    return JudgeValidation(
        texts,
        _numbers(_ask(judge.rate, cases, "ratings")),
        _numbers(_ask((again or judge).rate, cases, "ratings, again")),
        _ask(judge.prefer, pairs, "pairs"),
        _ask(judge.prefer, [(other, faithful) for faithful, other in pairs], "pairs, swapped"),
    )


def faithful_pairs(texts: Sequence[KnownText]) -> list[Pair]:
    """For each question, its faithful text and one of another kind, each kind in turn."""
    others = [kind for kind in LEVELS if kind != FAITHFUL]
    pairs = []
    for turn, (_, group) in enumerate(groupby(texts, key=lambda text: text.question)):
        cases = {text.kind: text.case for text in group}
        pairs.append((cases[FAITHFUL], cases[others[turn % len(others)]]))
    return pairs


def confusion(true: np.ndarray, given: np.ndarray) -> np.ndarray:
    """Counts (4, 4) of level pairs, with true levels as rows; levels are ints from 1 to 4."""
    counts = np.zeros((HIGHEST, HIGHEST), dtype=int)
    np.add.at(counts, (true - LOWEST, given - LOWEST), 1)
    return counts


def quadratic_kappa(counts: np.ndarray) -> float:
    """Cohen's weighted kappa of a confusion matrix (4, 4), with weights (i - j)^2.

    1 is full agreement, 0 is chance; NaN if all levels on both sides are the same, or none exist.
    """
    if np.count_nonzero(counts.sum(axis=0) + counts.sum(axis=1)) < 2:
        return float("nan")
    return float(cohens_kappa(counts, wt="quadratic", return_results=False))


def spearman(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's rank correlation, ties by mean rank; NaN if either does not vary."""
    if len(a) < 2 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan")  # SciPy returns the same, with a warning
    return float(spearmanr(a, b).statistic)


def to_level(ratings: np.ndarray) -> np.ndarray:
    """The nearest level of each rating, halves up: (N,) int; 0 for an unanswered one."""
    return np.floor(np.nan_to_num(ratings, nan=0.0) + 0.5).astype(int)


def _ask(
    ask: Callable[[Sequence[Asked]], Sequence[Answer]], questions: Sequence[Asked], what: str
) -> list[Answer]:
    parts = [questions[i : i + AT_ONCE] for i in range(0, len(questions), AT_ONCE)]
    return [answer for part in track(parts, what, size=len) for answer in ask(part)]


def _numbers(ratings: Sequence[Rating]) -> np.ndarray:
    return np.array([np.nan if isinstance(r, Failed) else float(r) for r in ratings])


def _mean(values: Sequence[bool] | np.ndarray) -> float:
    return float(np.mean(values)) if len(values) else float("nan")
