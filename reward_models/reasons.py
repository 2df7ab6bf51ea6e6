"""Does the explanation give as many reasons as were asked for?

    score = 1 - |cited - asked| / asked,   at least 0

counts distinct history items. The term is the project's own. The faithfulness score drops for a
missing reason only as far as that item moves the recommender; this term rewards the number itself.

Range [0, 1]. Tasks: explanation. Resists: one safe title when several are asked for, every title of
the history, and one title repeated.
"""

from collections.abc import Sequence

from reward_models.context import RewardContext
from reward_models.types import Label, Score


def reasons(
    completions: Sequence[str],
    *,
    context: RewardContext,
    task: Sequence[str],
    history: Sequence[Sequence[int]],
    label: Sequence[Label | None],
    reasons: Sequence[int | None],
    **columns: object,
) -> list[Score]:
    """1 if the text cites as many distinct history items as asked for, in [0, 1].

    `None` for other tasks, without a number asked for, and if the label is no and the text cites
    nothing: perhaps nothing in the history supports the item.
    """
    rows = zip(completions, task, history, label, reasons, strict=True)
    return [
        _score(len(context.read(text).cited(past)), asked, truth)
        if kind == "explanation" and asked
        else None
        for text, kind, past, truth, asked in rows
    ]


def _score(cited: int, asked: int, truth: Label | None) -> float | None:
    if not cited and truth == "no":
        return None
    return max(0.0, 1 - abs(cited - asked) / asked)
