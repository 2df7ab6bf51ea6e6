"""Does the verdict match the recommender's label? Graded by the margin.

    score = +-(1 + m) / 2,   + for the recommender's verdict and - for any other answer
    m = (p - 0.8) / 0.2 for a yes,  (0.5 - p) / 0.5 for a no,  in [0, 1]

p is the item's percentile given the history (`percentile`). The margin m is 0 at the threshold of
the label and 1 at the end of the list. A right verdict earns more, and a wrong one costs more, on a
clear-cut item than on one that barely has a label. The grading is the project's own; labels are
those of RecExplainer's classification task (Lei et al. 2024).

Range [-1, 1]. Tasks: explanation and classification. Resists: no verdict; both verdicts; one
verdict for every case, which scores half of the maximum in `agreement` and 0 on average here;
verdicts that are right only on borderline items.
"""

from collections.abc import Sequence

import numpy as np

from reward_models.context import RewardContext
from reward_models.perturb.effects import Question
from reward_models.perturb.measures import NO_UNTIL, YES_FROM, percentile
from reward_models.perturb.scoring import score_chunks
from reward_models.types import VERDICT_TASKS, Label, Score


def graded_agreement(
    completions: Sequence[str],
    *,
    context: RewardContext,
    task: Sequence[str],
    history: Sequence[Sequence[int]],
    item: Sequence[int | None],
    label: Sequence[Label | None],
    **columns: object,
) -> list[Score]:
    """(1 + margin) / 2, positive for the recommender's verdict, else negative; in [-1, 1].

    The recommender scores each distinct case once per batch. `None` for other tasks, without a
    label or an item, and for an empty history, which a recommender never has to score.
    """
    rows = list(zip(completions, task, history, item, label, strict=True))
    asked = {
        i: Question(tuple(past), target, truth)
        for i, (_, kind, past, target, truth) in enumerate(rows)
        if kind in VERDICT_TASKS and target is not None and truth and past
    }
    worth = _worth(list(dict.fromkeys(asked.values())), context)
    scores: list[Score] = [None] * len(rows)
    for i, question in asked.items():
        right = context.read(rows[i][0]).verdict == question.label
        scores[i] = worth[question] if right else -worth[question]
    return scores


def _worth(questions: Sequence[Question], context: RewardContext) -> dict[Question, float]:
    """(1 + m) / 2 of each question, in [0.5, 1]."""
    worth = {}
    histories = [question.history for question in questions]
    for indices, scores in score_chunks(context.recommender, histories, len(context.titles)):
        chunk = [questions[i] for i in indices]
        places = percentile(scores, np.array([q.item for q in chunk]), [q.history for q in chunk])
        for question, p in zip(chunk, places.tolist(), strict=True):
            worth[question] = (1 + _margin(p, question.label)) / 2
    return worth


def _margin(p: float, label: Label) -> float:
    """How far a percentile is beyond the threshold of the label, in [0, 1]."""
    beyond = (p - YES_FROM) / (1 - YES_FROM) if label == "yes" else (NO_UNTIL - p) / NO_UNTIL
    return min(max(beyond, 0.0), 1.0)
