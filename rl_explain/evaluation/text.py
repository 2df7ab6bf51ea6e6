"""Metrics of the wording of texts: length, diversity, similarity to a reference."""

import re
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from rouge_score.rouge_scorer import RougeScorer

from rl_explain.evaluation.statistics import RESAMPLES, Estimate, corpus_estimate

_CHUNK = 2048
"""Bigram types per matrix product."""


def words(text: str) -> list[str]:
    """Case-folded words: runs of letters, digits, apostrophes and hyphens in any script."""
    return re.findall(r"\w+(?:['’-]\w+)*", text.casefold())


def length(text: str) -> int:
    """Words of a text."""
    return len(words(text))


def distinct_2(texts: Sequence[str]) -> float:
    """Distinct bigrams over all bigrams of `texts`, in [0, 1] (Li et al. 2016, distinct-2).

    Bigrams do not cross texts. NaN if no text has two words.
    """
    bigrams = [pair for text in texts for pair in pairwise(words(text))]
    return len(set(bigrams)) / len(bigrams) if bigrams else np.nan


def distinct_2_estimate(
    texts: Sequence[str], users: np.ndarray, resamples: int = RESAMPLES, seed: int = 0
) -> Estimate:
    """`distinct_2` with its interval over users; `users` (N,) int are the users of the texts."""
    rows, user_of_text = np.unique(users, return_inverse=True)
    contains, totals = _bigrams_by_user(texts, user_of_text, len(rows))

    def statistic(weights: np.ndarray) -> np.ndarray:
        drawn = weights.astype(np.float32)
        starts = range(0, contains.shape[1], _CHUNK)
        distinct = sum((drawn @ contains[:, i : i + _CHUNK] > 0).sum(axis=1) for i in starts)
        with np.errstate(invalid="ignore"):
            return distinct / (weights @ totals)

    return corpus_estimate(statistic, len(rows) if totals.sum() else 0, resamples, seed)


def _bigrams_by_user(
    texts: Sequence[str], users: np.ndarray, num_users: int
) -> tuple[np.ndarray, np.ndarray]:
    """Whether each user's texts contain each bigram type (num_users, types) bool; the number of
    bigrams of each user (num_users,)."""
    pairs = [
        (user, b) for text, user in zip(texts, users, strict=True) for b in pairwise(words(text))
    ]
    rows = np.array([user for user, _ in pairs], dtype=int)
    column = {bigram: i for i, bigram in enumerate(dict.fromkeys(b for _, b in pairs))}
    contains = np.zeros((num_users, len(column)), dtype=bool)
    contains[rows, [column[b] for _, b in pairs]] = True
    return contains, np.bincount(rows, minlength=num_users)


class _Words:
    """`words` as a tokenizer for rouge-score, whose own tokenizer drops all but ASCII."""

    def tokenize(self, text: str) -> list[str]:
        return words(text)


def rouge_l(texts: Sequence[str], references: Sequence[str]) -> list[float]:
    """ROUGE-L F-measure of each text against its reference, in [0, 1] (Lin 2004, section 3.1)."""
    scorer = RougeScorer(["rougeL"], tokenizer=_Words())
    scores = (scorer.score(ref, text) for text, ref in zip(texts, references, strict=True))
    return [score["rougeL"].fmeasure for score in scores]
