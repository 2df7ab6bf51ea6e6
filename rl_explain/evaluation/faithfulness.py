"""Whether explanations cite what moved the recommender, measured by perturbing histories.

The reward uses one perturbation. These metrics use others as well, to catch a policy that learned
the quirks of the reward instead of the recommender. All use the reward's definition of the score,
each with its own perturbation or measure.

`faithfulness/` covers all cases. Without an ending it uses deletion and percentiles, like the
reward. `_masking` pads items in place, `_replacement` puts random items there, and
`_replacement_mean` averages several such draws, because a single draw mostly measures the
replacement item. `_log_probability` replaces percentiles. `faithfulness_top10/` covers the items in
the user's own top ten, whose percentiles hardly differ: it uses deletion and log-probability;
`_membership` uses whether the item stays in the top ten. `_random` is the mean over random subsets
of equal size.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from reward_models.context import RewardContext
from reward_models.faithfulness import (
    FEWEST_ITEMS,
    LEAST_GAP,
    LEAST_GAP_NATS,
    Answer,
    faithfulness_score,
)
from reward_models.perturb.effects import Effect, Pool, Question, SubsetEffects, distinct
from reward_models.perturb.measures import in_top, log_probability
from reward_models.perturb.perturbations import mask, replacement
from reward_models.perturb.scoring import score_chunks
from reward_models.text.reading import Reading
from reward_models.types import History
from rl_explain.evaluation.cases import Columns, question, spread
from rl_explain.tasks.examples import Example

REPLACEMENT_DRAWS = 8
"""Random draws that `_replacement_mean` averages."""


@dataclass(frozen=True)
class Said:
    """Explanations: the questions, the number of reasons asked for, and the answers."""

    questions: list[Question]
    reasons: list[int | None]
    answers: list[Answer]

    @property
    def cited(self) -> list[History]:
        """The cited items of each answer, oldest first."""
        return [answer.cited for answer in self.answers]

    def where(self, keep: np.ndarray) -> "Said":
        """The cases that `keep` (N,) bool selects."""
        rows = np.flatnonzero(keep)
        return Said(
            [self.questions[i] for i in rows],
            [self.reasons[i] for i in rows],
            [self.answers[i] for i in rows],
        )


@dataclass(frozen=True)
class Instruments:
    """Effects of removing the cited items and of keeping only them; `least_gap` is the minimum gap
    of a well-posed case, in units of the measure."""

    removed: SubsetEffects
    kept: SubsetEffects
    least_gap: float = LEAST_GAP


class FaithfulnessMeter:
    """Measures explanations of one recommender.

    It caches recommender calls, so every method after the first is cheap.
    """

    def __init__(self, context: RewardContext) -> None:
        self._context = context
        # Deletion effects are shared with the reward: one definition, one cache.
        self._deletion = Instruments(context.effects, self._effects(kept=True))
        self._masking = self._instruments(perturbs=[mask])
        num_items, seed = len(context.titles), context.seed
        self._replacement = self._instruments(perturbs=[replacement(num_items, seed)])
        draws = [replacement(num_items, seed + draw) for draw in range(REPLACEMENT_DRAWS)]
        self._replacement_mean = self._effects(perturbs=draws)
        self._membership = self._instruments(measure=in_top)
        self._log_probability = self._instruments(LEAST_GAP_NATS, measure=log_probability)

    def _instruments(self, least_gap: float = LEAST_GAP, **how: Any) -> Instruments:
        return Instruments(self._effects(**how), self._effects(kept=True, **how), least_gap)

    def _effects(self, **how: Any) -> SubsetEffects:
        context = self._context
        return SubsetEffects(context.recommender, len(context.titles), seed=context.seed, **how)

    def measure(self, readings: Sequence[Reading], examples: Sequence[Example]) -> Columns:
        """All faithfulness metrics of explanations that answer labelled questions.

        Histories with fewer than three distinct items are not scored.
        """
        questions = [question(example) for example in examples]
        said = Said(
            questions,
            [example.reasons for example in examples],
            [Answer.of(r, q.history, q.item) for r, q in zip(readings, questions, strict=True)],
        )
        scored = np.array([len(set(q.history)) >= FEWEST_ITEMS for q in said.questions], dtype=bool)
        top = scored & self._in_top(said.questions)
        columns = spread(self._everywhere(said.where(scored)), scored)
        return columns | spread(self._at_the_top(said.where(top)), top)

    def _everywhere(self, said: Said) -> Columns:
        return {
            **_columns(said, self._deletion, "faithfulness/", ""),
            **_columns(said, self._masking, "faithfulness/", "_masking"),
            **_columns(said, self._replacement, "faithfulness/", "_replacement"),
            **_columns(said, self._log_probability, "faithfulness/", "_log_probability"),
            **_scores(said, self._replacement_mean, "faithfulness/", "_replacement_mean"),
            "faithfulness/cited_influence_percentile": self._influence_percentile(said),
        }

    def _at_the_top(self, said: Said) -> Columns:
        return {
            **_columns(said, self._log_probability, "faithfulness_top10/", ""),
            **_columns(said, self._membership, "faithfulness_top10/", "_membership"),
        }

    def _in_top(self, questions: Sequence[Question]) -> np.ndarray:
        """Whether each item is in the recommender's top ten outside the history: (N,) bool."""
        items = np.array([q.item for q in questions], dtype=np.intp)
        histories = [q.history for q in questions]
        top = np.zeros(len(questions), dtype=bool)
        chunks = score_chunks(self._context.recommender, histories, len(self._context.titles))
        for rows, scores in chunks:
            top[rows] = in_top(scores, items[rows], [histories[row] for row in rows]) == 1
        return top

    def _influence_percentile(self, said: Said) -> np.ndarray:
        """Mean rank percentile of the cited items by leave-one-out influence: (N,) in [0, 1].

        Ranks are among the other distinct items of the history; ties count half. Random citations
        give 0.5. NaN if nothing is cited.
        """
        pools = self._context.effects.pools(said.questions, [1] * len(said.questions))
        cases = zip(said.questions, said.cited, pools, strict=True)
        return np.array([_mean_rank(q.history, cited, pool) for q, cited, pool in cases])


def _columns(said: Said, instruments: Instruments, group: str, ending: str) -> Columns:
    """Faithfulness score, ill-posed cases, comprehensiveness and sufficiency, and both of random
    subsets."""
    removed = instruments.removed.effects(said.questions, said.cited)
    kept = instruments.kept.effects(said.questions, said.cited)
    columns = {
        "comprehensiveness": _values(removed, "cited"),
        "comprehensiveness_random": _values(removed, "random"),
        "sufficiency": _values(kept, "cited"),
        "sufficiency_random": _values(kept, "random"),
    }
    named = {f"{group}{name}{ending}": values for name, values in columns.items()}
    scores = _scores(said, instruments.removed, group, ending, instruments.least_gap)
    return scores | named


def _scores(
    said: Said, effects: SubsetEffects, group: str, ending: str, least_gap: float = LEAST_GAP
) -> Columns:
    """Faithfulness scores in [-1, 1], NaN if ill-posed, and ill-posed flags, 0 or 1: (N,) each."""
    found = faithfulness_score(said.answers, said.questions, said.reasons, effects, least_gap)
    scores = np.array(found, dtype=float)
    return {
        f"{group}score{ending}": scores,
        f"{group}ill_posed{ending}": np.isnan(scores).astype(float),
    }


def _values(effects: Sequence[Effect | None], field: str) -> np.ndarray:
    """One field of each effect, NaN if the effect is undefined: (N,)."""
    return np.array([np.nan if e is None else getattr(e, field) for e in effects], dtype=float)


def _mean_rank(history: History, cited: Collection[int], pool: Pool) -> float:
    """Mean rank of the cited items; `pool` has the effect of each distinct item alone."""
    items = distinct(history)
    influence = {items[i]: v for i, v in zip(pool.subsets[:, 0], pool.effects, strict=True)}
    values = np.array(list(influence.values()))
    # The -1 leaves out an item's tie with itself.
    ranks = [
        ((values < influence[item]).sum() + (values <= influence[item]).sum() - 1)
        / (2 * (len(values) - 1))
        for item in cited
    ]
    return float(np.mean(ranks)) if ranks else np.nan
