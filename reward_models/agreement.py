"""Does the verdict match the recommender's label?"""

from collections.abc import Sequence

from reward_models.context import RewardContext
from reward_models.types import Label, Score

TASKS = ("explanation", "classification")


def agreement(
    completions: Sequence[str],
    *,
    context: RewardContext,
    task: Sequence[str],
    label: Sequence[Label | None],
    **columns: object,
) -> list[Score]:
    """1 for the recommender's verdict, 0 for a wrong, missing or contradictory one.

    `None` for tasks other than explanation and classification and for items without a label.
    """
    return [
        float(context.read(text).verdict == truth) if kind in TASKS and truth else None
        for text, kind, truth in zip(completions, task, label, strict=True)
    ]
