"""A judge's rating of the explanation, on the four levels of `judge.types`.

    score = (rating - 1) / 3

The levels are those of RecExplainer (Lei et al. 2024, section 4.3). The context names the judge:
`RewardContext(judge=...)`.

Range [0, 1]. Tasks: explanation. It is as easy to fool as its judge: by texts that address the
judge, by flattery, by strings that reward models rate high (Zhao et al. 2025, arXiv 2507.08794). Do
not use it as the only term, and do not evaluate only with the judge that rewarded the training.
"""

from collections.abc import Sequence

from reward_models.context import RewardContext
from reward_models.judge.types import HIGHEST, LOWEST, JudgeCase, Rating
from reward_models.types import FAILED, Label, Score, is_number


def rating(
    completions: Sequence[str],
    *,
    context: RewardContext,
    task: Sequence[str],
    history: Sequence[Sequence[int]],
    item: Sequence[int | None],
    label: Sequence[Label | None],
    **columns: object,
) -> list[Score]:
    """The judge's rating of each explanation, scaled to [0, 1].

    `None` for other tasks, and without an item or a label; `FAILED` if the judge gave no answer.

    Raises:
        ValueError: the context has no judge, or the judge returned a wrong number of ratings.
    """
    rows = enumerate(zip(completions, task, history, item, label, strict=True))
    cases = {
        i: JudgeCase(text, tuple(past), target, truth)
        for i, (text, kind, past, target, truth) in rows
        if kind == "explanation" and target is not None and truth
    }
    scores: list[Score] = [None] * len(completions)
    for i, found in zip(cases, _rate(list(cases.values()), context), strict=True):
        scores[i] = (found - LOWEST) / (HIGHEST - LOWEST) if is_number(found) else FAILED
    return scores


def _rate(cases: Sequence[JudgeCase], context: RewardContext) -> list[Rating]:
    if context.judge is None:
        raise ValueError(
            "the reward 'judge' has a weight, but the context has no judge: give "
            "RewardContext(judge=...), or set the weight to 0."
        )
    ratings = context.judge.rate(cases) if cases else []
    if len(ratings) != len(cases):
        raise ValueError(f"the judge gave {len(ratings)} ratings for {len(cases)} explanations.")
    return ratings
