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
from reward_models.types import Range, Reward

REWARDS: dict[str, Reward] = {
    "agreement": agreement,
    "graded_agreement": graded_agreement,
    "ranking": ranking,
    "faithfulness": faithfulness,
    "grounding": grounding,
    "judge": rating,
    "coverage": coverage,
    "reasons": reasons,
    "format": well_formed,
    "length": length,
    "repetition": repetition,
}
"""Every reward term, by its name in the weights."""

DEFAULT_WEIGHTS: dict[str, float] = {
    "agreement": 1.0,
    "ranking": 1.0,
    "faithfulness": 3.0,
    "grounding": 2.0,
    "reasons": 1.0,
    "repetition": 1.0,
}
"""Weights of the default composite."""

RANGES: dict[str, Range] = {
    "agreement": (0, 1),
    "graded_agreement": (-1, 1),
    "ranking": (-1, 1),
    "faithfulness": (-1, 1),
    "grounding": (0, 1),
    "judge": (0, 1),
    "coverage": (0, 1),
    "reasons": (0, 1),
    "format": (0, 1),
    "length": (-1, 1),
    "repetition": (0, 1),
}
"""Lowest and highest score of each term."""

TASKS: dict[str, tuple[str, ...]] = {
    "agreement": ("explanation", "classification"),
    "graded_agreement": ("explanation", "classification"),
    "ranking": ("ranking",),
    "faithfulness": ("explanation",),
    "grounding": ("explanation",),
    "judge": ("explanation",),
    "coverage": ("explanation",),
    "reasons": ("explanation",),
    "format": ("explanation",),
    "length": ("explanation",),
    "repetition": ("explanation",),
}
"""The tasks that each term scores; it returns `None` for any other."""
