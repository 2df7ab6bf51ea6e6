"""The weighted mean of reward terms.

    total = sum_t w_t s_t / sum_t |w_t|   over the terms t that apply to the case

`None` terms leave both sums, so a case is scored by what applies to it; when none applies the
total is `None`. A `FAILED` term makes the total `FAILED`: the completion leaves the update.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TypeGuard

import numpy as np

from reward_models import REWARDS
from reward_models.context import RewardContext
from reward_models.credit import Credit, citation_credits
from reward_models.types import FAILED, Reward, Score

FAITHFULNESS = "faithfulness"


@dataclass(frozen=True)
class CompositeResult:
    """Total and terms of a batch, each as long as the batch."""

    total: list[Score]
    terms: dict[str, list[Score]]

    def summary(self) -> dict[str, float]:
        """`NAME/mean`, `NAME/std`, `NAME/none` and `NAME/failed` for each term and `total`.

        Mean and population standard deviation are over the completions that were scored, and
        absent when none was; `none` and `failed` are shares of the batch, in [0, 1].
        """
        columns = {"total": self.total, **self.terms}
        return {
            f"{name}/{key}": value
            for name, scores in columns.items()
            for key, value in _summary(scores).items()
        }


def _summary(scores: Sequence[Score]) -> dict[str, float]:
    known = [score for score in scores if _is_number(score)]
    batch = max(len(scores), 1)
    shares = {
        "none": sum(score is None for score in scores) / batch,
        "failed": sum(score is FAILED for score in scores) / batch,
    }
    if not known:
        return shares
    return {"mean": float(np.mean(known)), "std": float(np.std(known)), **shares}


class Composite:
    """Reward terms weighed by name.

    Args:
        weights: name of a term to its weight, or such pairs; a term of weight 0 is not computed.
        context: catalogue and recommender.
        rewards: the terms there are.

    Raises:
        ValueError: an unknown or repeated name, a weight that is no finite number, or weights
            whose sum is not above 0.
    """

    def __init__(
        self,
        weights: Mapping[str, float] | Iterable[tuple[str, float]],
        context: RewardContext,
        rewards: Mapping[str, Reward] = REWARDS,
    ) -> None:
        self.weights = check_weights(weights, rewards)
        self.context = context
        self._rewards = {name: rewards[name] for name in self.weights}

    def __call__(self, completions: Sequence[str], **columns: object) -> CompositeResult:
        """Score a batch.

        Raises:
            TypeError: a column that a term reads is missing.
            ValueError: a column or a term's answer is not as long as the batch.
        """
        terms = {
            name: self._term(name, reward, completions, columns)
            for name, reward in self._rewards.items()
        }
        rows = zip(*terms.values(), strict=True)
        return CompositeResult([self._total(row) for row in rows], terms)

    def credits(
        self, completions: Sequence[str], result: CompositeResult, **columns: object
    ) -> list[list[Credit]]:
        """What each citation brought to the total of its completion by way of faithfulness.

        Args:
            result: of the same batch. Its totals hold the credits; they are no addition.

        Raises:
            TypeError: a column that faithfulness reads is missing.
        """
        if FAITHFULNESS not in result.terms:
            return [[] for _ in completions]
        found = citation_credits(completions, context=self.context, **columns)  # type: ignore[arg-type]
        rows = zip(found, *result.terms.values(), strict=True)
        return [
            [credit._replace(value=credit.value * self._share(scores)) for credit in credits]
            for credits, *scores in rows
        ]

    def _share(self, scores: Sequence[Score]) -> float:
        """Share of faithfulness in the weights that apply."""
        pairs = zip(self.weights.values(), scores, strict=True)
        applying = sum(abs(weight) for weight, score in pairs if _is_number(score))
        return self.weights[FAITHFULNESS] / applying if applying else 0.0

    def _term(
        self,
        name: str,
        reward: Reward,
        completions: Sequence[str],
        columns: Mapping[str, object],
    ) -> list[Score]:
        scores = reward(completions, context=self.context, **columns)
        if len(scores) != len(completions):
            raise ValueError(f"{name} gave {len(scores)} scores for {len(completions)} texts.")
        return [_checked(score) for score in scores]

    def _total(self, scores: Sequence[Score]) -> Score:
        if any(score is FAILED for score in scores):
            return FAILED
        pairs = zip(self.weights.values(), scores, strict=True)
        applying = [(weight, score) for weight, score in pairs if _is_number(score)]
        if not applying:
            return None
        weighed = sum(weight * score for weight, score in applying)
        return weighed / sum(abs(weight) for weight, _ in applying)


def _is_number(score: Score) -> TypeGuard[float]:
    return not (score is None or score is FAILED)


def _checked(score: Score) -> Score:
    """A score that is no finite number is no score."""
    return FAILED if _is_number(score) and not math.isfinite(score) else score


def check_weights(
    weights: Mapping[str, float] | Iterable[tuple[str, float]], valid: Iterable[str]
) -> dict[str, float]:
    """The weights other than 0, by name; errors as `Composite`."""
    pairs = list(weights.items() if isinstance(weights, Mapping) else weights)
    for name, count in Counter(name for name, _ in pairs).items():
        if name not in valid:
            raise ValueError(_unknown(name, sorted(valid)))
        if count > 1:
            raise ValueError(f"reward {name!r} is weighed {count} times: give one weight.")
    for name, weight in pairs:
        if not math.isfinite(weight):
            raise ValueError(f"the weight of reward {name!r} is {weight}: give a finite number.")
    total = sum(weight for _, weight in pairs)
    if total <= 0:
        raise ValueError(f"reward weights {dict(pairs)} sum to {total}: give a sum above 0.")
    return {name: float(weight) for name, weight in pairs if weight}


def _unknown(name: str, valid: Sequence[str]) -> str:
    close = get_close_matches(name, valid, n=1, cutoff=0.4)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    return f"unknown reward {name!r}.{hint} Valid: {', '.join(valid)}."
