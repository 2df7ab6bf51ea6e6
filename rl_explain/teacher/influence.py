"""Which history items moved the recommender: leave-one-out influence."""

from collections.abc import Sequence

from reward_models.perturb.effects import Measure, Question, SubsetEffects, distinct
from reward_models.perturb.measures import percentile
from rl_explain.recommenders.protocol import Recommender

Influence = dict[int, float]
"""Distinct history item to its influence, in order of first occurrence; in [-1, 1] for percentiles.
"""


def leave_one_out(
    recommender: Recommender, questions: Sequence[Question], measure: Measure = percentile
) -> list[Influence]:
    """For each question, the influence of every history item on the label.

    Influence is `sigma * (p(a|h) - p(a|h without i))`, the comprehensiveness of `{i}`: sigma is +1
    for a yes item and -1 for a no item, p is the percentile or another `measure`, and all
    occurrences of `i` are removed. Positive means that `i` supports the label.

    Raises:
        ValueError: a history of fewer than two distinct items, since removal would empty it.
    """
    effects = SubsetEffects(recommender, recommender.num_items, measure=measure, remembered=0)
    pools = effects.pools(questions, [1] * len(questions))
    return [
        dict(zip(distinct(question.history), pool.effects.tolist(), strict=True))
        for question, pool in zip(questions, pools, strict=True)
    ]


def by_influence(influence: Influence) -> list[int]:
    """Items, most influential first; ties most recent first."""
    recent_first = list(influence)[::-1]
    return sorted(recent_first, key=lambda item: -influence[item])
