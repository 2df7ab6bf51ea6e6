"""The weighted mean of reward terms.

    total = sum_t w_t v_t / sum_t |w_t|   over the terms t that apply to the case

where v_t is the term's score, normalised and clipped if so configured. `None` terms are left out of
both sums, so only the terms that apply count; if none applies, the total is `None`. A `FAILED` term
makes the total `FAILED`, and the update skips the completion.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from reward_models import RANGES, REWARDS
from reward_models.context import RewardContext
from reward_models.credit import Credit, citation_credits
from reward_models.normalisation import Moments, check_clip, check_normalisation
from reward_models.summary import correlations, score_summary
from reward_models.types import FAILED, Range, Reward, Score, is_number
from reward_models.weights import Schedule, check_schedule, check_weights, weights_at

FAITHFULNESS = "faithfulness"


@dataclass(frozen=True)
class CompositeResult:
    """Total and terms of a batch; each list is as long as the batch."""

    total: list[Score]
    terms: dict[str, list[Score]]
    """Raw scores of the terms."""
    ranges: Mapping[str, Range] = field(default_factory=dict)
    """Lowest and highest score of each term, if known."""
    values: Mapping[str, list[Score]] = field(default_factory=dict)
    """The values that the total weights: scores after normalisation and clipping."""
    scales: Mapping[str, float] = field(default_factory=dict)
    """The divisor that normalisation used for each term."""

    def summary(self) -> dict[str, float]:
        """`NAME/KEY` from `score_summary` for `total` and each term, and `correlations`."""
        figures = {
            f"{name}/{key}": value
            for name, scores in {"total": self.total, **self.terms}.items()
            for key, value in score_summary(scores, self.ranges.get(name)).items()
        }
        return figures | correlations(self.terms)


class Composite:
    """The weighted mean of reward terms.

    Args:
        weights: term name to weight, or (name, weight) pairs. Terms of weight 0 are not computed.
        context: catalogue and recommender.
        rewards: the available terms.
        ranges: lowest and highest score of the terms, for the summary.
        normalisation: term name to `none`, `batch` or `running` (see `normalisation`); default
            `none`.
        clip: term name to the largest absolute value, applied after normalisation.
        schedule: term name to its weights over training (`weights.Schedule`); overrides `weights`.

    A trainer sets `progress`, the fraction of training that is done. It is 1 until then.

    Raises:
        ValueError: an unknown or repeated name, a weight that is not finite, weights that do not
            sum to more than 0, or another invalid setting; the message names it.
    """

    def __init__(
        self,
        weights: Mapping[str, float] | Iterable[tuple[str, float]],
        context: RewardContext,
        rewards: Mapping[str, Reward] = REWARDS,
        *,
        ranges: Mapping[str, Range] = RANGES,
        normalisation: Mapping[str, str] | None = None,
        clip: Mapping[str, float] | None = None,
        schedule: Schedule | None = None,
    ) -> None:
        self.weights = check_weights(weights, rewards)
        self.schedule = dict(schedule or {})
        self.normalisation = {k: v for k, v in (normalisation or {}).items() if v != "none"}
        self.clip = dict(clip or {})
        check_schedule(self.schedule, self.weights, rewards)
        check_normalisation(self.normalisation, rewards)
        check_clip(self.clip, rewards)
        self.context = context
        self.ranges = ranges
        self.progress = 1.0
        self._rewards = rewards
        self._seen: dict[str, Moments] = {}

    @property
    def weights_now(self) -> dict[str, float]:
        """The nonzero weights at this point of training."""
        now = weights_at(self.weights, self.schedule, self.progress)
        return {name: weight for name, weight in now.items() if weight}

    def __call__(self, completions: Sequence[str], **columns: object) -> CompositeResult:
        """Score a batch.

        Raises:
            TypeError: a column that a term reads is missing.
            ValueError: a column or a term's result is not as long as the batch, or a label is
                invalid.
        """
        _check_labels(columns.get("label"))
        weights = self.weights_now
        terms = {name: self._term(name, completions, columns) for name in weights}
        values, scales = {}, {}
        for name, scores in terms.items():
            values[name], scales[name] = self._value(name, scores)
        rows = zip(*values.values(), strict=True)
        total = [_total(list(weights.values()), row) for row in rows]
        return CompositeResult(total, terms, self.ranges, values, scales)

    def final_reward(self) -> "Composite":
        """This reward with the weights of the end of training and without normalisation.

        Its scores are comparable over time and between models; normalised ones have no fixed zero.
        """
        return Composite(
            weights_at(self.weights, self.schedule, 1.0),
            self.context,
            self._rewards,
            ranges=self.ranges,
            clip={k: v for k, v in self.clip.items() if k not in self.normalisation},
        )

    def state(self) -> dict[str, Any]:
        """The moments of `running` normalisation, as lossless JSON values."""
        return {name: asdict(moments) for name, moments in self._seen.items()}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Restore what `state` returned."""
        self._seen = {name: Moments(**moments) for name, moments in state.items()}

    def credits(
        self, completions: Sequence[str], result: CompositeResult, **columns: object
    ) -> list[list[Credit]]:
        """What each citation contributes to its completion's total through faithfulness.

        No credits where faithfulness was clipped: past the bound no citation changes the total.

        Args:
            result: of the same batch. Its totals already include the credits.

        Raises:
            TypeError: a column that faithfulness reads is missing.
        """
        if FAITHFULNESS not in result.terms:
            return [[] for _ in completions]
        found = citation_credits(completions, context=self.context, **columns)  # type: ignore[arg-type]
        shares = self._shares_of_faithfulness(result)
        return [
            [credit._replace(value=credit.value * share) for credit in credits] if share else []
            for credits, share in zip(found, shares, strict=True)
        ]

    def _shares_of_faithfulness(self, result: CompositeResult) -> list[float]:
        """What one point of faithfulness adds to the total of each completion."""
        weights = self.weights_now
        bound = self.clip.get(FAITHFULNESS, math.inf)
        shares = []
        for row in zip(*result.values.values(), strict=True):
            pairs = zip(weights.values(), row, strict=True)
            applying = sum(abs(weight) for weight, value in pairs if is_number(value))
            value = row[list(weights).index(FAITHFULNESS)]
            free = is_number(value) and abs(value) < bound
            shares.append(weights[FAITHFULNESS] / applying if free else 0.0)
        return [share / result.scales[FAITHFULNESS] for share in shares]

    def _term(
        self, name: str, completions: Sequence[str], columns: Mapping[str, object]
    ) -> list[Score]:
        scores = self._rewards[name](completions, context=self.context, **columns)
        if len(scores) != len(completions):
            raise ValueError(f"{name} gave {len(scores)} scores for {len(completions)} texts.")
        return [_checked(score) for score in scores]

    def _value(self, name: str, scores: list[Score]) -> tuple[list[Score], float]:
        """A term's scores after normalisation and clipping, and the divisor."""
        kind, bound = self.normalisation.get(name), self.clip.get(name)
        centre, scale = 0.0, 1.0
        if kind is not None:
            moments = self._seen.setdefault(name, Moments()) if kind == "running" else Moments()
            moments.add(score for score in scores if is_number(score))
            centre, scale = moments.mean, moments.scale
            scores = [(s - centre) / scale if is_number(s) else s for s in scores]
        if bound is not None:
            scores = [float(np.clip(s, -bound, bound)) if is_number(s) else s for s in scores]
        return scores, scale


def _check_labels(labels: object) -> None:
    """Raise for a label such as `Yes`, which no verdict would equal."""
    for row, label in enumerate(labels if isinstance(labels, Iterable) else ()):
        if label not in ("yes", "no", None):
            raise ValueError(f"label[{row}] is {label!r}: give 'yes', 'no' or None.")


def _total(weights: Sequence[float], values: Sequence[Score]) -> Score:
    if any(value is FAILED for value in values):
        return FAILED
    pairs = zip(weights, values, strict=True)
    applying = [(weight, value) for weight, value in pairs if is_number(value)]
    if not applying:
        return None
    weighted = sum(weight * value for weight, value in applying)
    return weighted / sum(abs(weight) for weight, _ in applying)


def _checked(score: Score) -> Score:
    """`FAILED` instead of a score that is not finite."""
    return FAILED if is_number(score) and not math.isfinite(score) else score
