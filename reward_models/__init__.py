"""Scores an explanation of a recommendation; stands alone, needs only a recommender to ask.

>>> from reward_models import REWARDS
>>> from reward_models.composite import Composite
>>> from reward_models.context import RewardContext
"""

from reward_models.agreement import agreement
from reward_models.faithfulness import faithfulness
from reward_models.grounding import grounding
from reward_models.length import length
from reward_models.ranking import ranking
from reward_models.reasons import reasons
from reward_models.types import Reward

REWARDS: dict[str, Reward] = {
    "agreement": agreement,
    "ranking": ranking,
    "faithfulness": faithfulness,
    "grounding": grounding,
    "reasons": reasons,
    "length": length,
}
"""Every reward term, by the name that weights use."""
