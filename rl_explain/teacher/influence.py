"""Which history items moved the recommender: leave-one-out influence."""

from collections.abc import Sequence

from reward_models.perturb.effects import Measure, Question, SubsetEffects, distinct
from reward_models.perturb.measures import percentile
from rl_explain.recommenders.protocol import Recommender

Influence = dict[int, float]
"""Influence of each distinct item of a history, in order of first occurrence; by percentiles in
[-1, 1]."""


def leave_one_out(
    recommender: Recommender, questions: Sequence[Question], measure: Measure = percentile
) -> list[Influence]:
    """For each question, what every history item does for the label.

    `sigma * (p(a|h) - p(a|h without i))`, the comprehensiveness of `{i}`: sigma is +1 for a yes
    item and -1 for a no item, p the percentile or another `measure`, and `i` leaves with all its
    occurrences. Positive means that `i` speaks for the label.

    Raises:
        ValueError: a history of fewer than two distinct items, of which nothing would be left.
    """
    effects = SubsetEffects(recommender, recommender.num_items, measure=measure, remembered=0)
    pools = effects.pools(questions, [1] * len(questions))
    return [
        dict(zip(distinct(question.history), pool.effects.tolist(), strict=True))
        for question, pool in zip(questions, pools, strict=True)
    ]


def by_influence(influence: Influence) -> list[int]:
    """Items, the most influential first; of equal ones the most recent first."""
    recent_first = list(influence)[::-1]
    return sorted(recent_first, key=lambda item: -influence[item])
