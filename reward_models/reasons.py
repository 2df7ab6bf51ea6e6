"""Does the explanation give as many reasons as were asked for?

    score = 1 - |cited - asked| / asked,   at least 0

over distinct items of the history. The project's own. The faithfulness score pays less for fewer
reasons than were asked for only as far as those left out move the recommender; this term pays for
the number itself.

Range [0, 1]. Tasks: explanation. Resists: one safe title where several are asked for, every title
of the history, and one title said several times.
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
    """1 when as many distinct items of the history are cited as asked for, in [0, 1].

    `None` for tasks other than explanation, without a number
    asked for, and for a no item of which nothing is cited: it may be that nothing supports it.
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
