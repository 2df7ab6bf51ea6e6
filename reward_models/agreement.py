"""Does the verdict match the recommender's label?

    score = 1 if the text's verdict (`text.verdict`) equals the label, else 0

A contradictory text scores 0. This is the accuracy of RecExplainer's classification task (Lei et
al. 2024), applied to explanations as well.

Range [0, 1]. Tasks: explanation and classification. Resists: no verdict, both verdicts, verdicts
hidden in quotes and titles. It does not resist one verdict for every case; `graded_agreement` does.
"""

from collections.abc import Sequence

from reward_models.context import RewardContext
from reward_models.types import VERDICT_TASKS, Label, Score


def agreement(
    completions: Sequence[str],
    *,
    context: RewardContext,
    task: Sequence[str],
    label: Sequence[Label | None],
    **columns: object,
) -> list[Score]:
    """1 for the recommender's verdict, 0 for a wrong, missing or contradictory one.

    `None` for other tasks and for items without a label.
    """
    return [
        float(context.read(text).verdict == truth) if kind in VERDICT_TASKS and truth else None
        for text, kind, truth in zip(completions, task, label, strict=True)
    ]
