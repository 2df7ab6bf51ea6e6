"""Scores explanations of recommendations. Needs only a recommender that can score histories.

>>> from reward_models import REWARDS
>>> from reward_models.composite import Composite
>>> from reward_models.context import RewardContext
"""

from reward_models.agreement import agreement
from reward_models.coverage import coverage
from reward_models.faithfulness import faithfulness
from reward_models.format import well_formed
from reward_models.graded_agreement import graded_agreement
from reward_models.grounding import grounding
from reward_models.length import length
from reward_models.ranking import ranking
from reward_models.rating import rating
from reward_models.reasons import reasons
from reward_models.repetition import repetition
from reward_models.types import VERDICT_TASKS, Range, Reward, Term

TERMS: dict[str, Term] = {
    "agreement": Term(agreement, (0, 1), VERDICT_TASKS, weight=1),
    "graded_agreement": Term(graded_agreement, (-1, 1), VERDICT_TASKS),
    "ranking": Term(ranking, (-1, 1), ("ranking",), weight=1),
    "faithfulness": Term(faithfulness, (-1, 1), weight=3),
    "grounding": Term(grounding, (0, 1), weight=2),
    "judge": Term(rating, (0, 1)),
    "coverage": Term(coverage, (0, 1)),
    "reasons": Term(reasons, (0, 1), weight=1),
    "format": Term(well_formed, (0, 1)),
    "length": Term(length, (-1, 1)),
    "repetition": Term(repetition, (0, 1), weight=1),
}
"""Every reward term, by its name in the weights: a new one is its file and a row here."""

REWARDS: dict[str, Reward] = {name: term.function for name, term in TERMS.items()}
"""The functions alone."""

RANGES: dict[str, Range] = {name: term.range for name, term in TERMS.items()}
"""Lowest and highest score of each term."""

TASKS: dict[str, tuple[str, ...]] = {name: term.tasks for name, term in TERMS.items()}
"""The tasks that each term scores; it returns `None` for any other."""

DEFAULT_WEIGHTS: dict[str, float] = {
    name: term.weight for name, term in TERMS.items() if term.weight
}
"""Weights of the default composite."""
