"""The explanation task: would the recommender rank this item high, and because of which items?"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from reward_models.faithfulness import most_cited
from reward_models.perturb.effects import Question
from rl_explain.tasks.context import Scored, TaskContext
from rl_explain.tasks.examples import Example
from rl_explain.tasks.tokens import user_token
from rl_explain.teacher.influence import leave_one_out
from rl_explain.teacher.template import Teacher

MAX_REASONS = 3
"""Prompts ask for one to three reasons, but never for more than the faithfulness score accepts."""


@dataclass(frozen=True)
class Case:
    """A question, the index of its user history, and how many reasons the prompt asks for."""

    place: int
    question: Question
    reasons: int


def draw_cases(
    context: TaskContext, places: Sequence[int], count: int, rng: np.random.Generator
) -> list[Case]:
    """`count` cases: a yes and a no item per user history; reasons cycle from one to three."""

    def pair(scored: Scored) -> list[tuple[int, Question]]:
        history = scored.user_history.history
        drawn = scored.draw_pair(rng)
        return [(scored.place, Question(history, item, label)) for label, item in drawn]

    questions = context.collect(places, count, pair, rng)
    return [
        Case(place, question, min(1 + turn % MAX_REASONS, most_cited(len(set(question.history)))))
        for turn, (place, question) in enumerate(questions)
    ]


def explanation_examples(
    context: TaskContext,
    places: Sequence[int],
    count: int,
    forms: Sequence[str],
    rng: np.random.Generator,
    teacher: Teacher | None = None,
) -> list[Example]:
    """`count` explanation questions; without a teacher, completions are ""."""
    cases = draw_cases(context, places, count, rng)
    examples = [_example(context, case, str(rng.choice(forms)), rng) for case in cases]
    if teacher is None:
        return examples
    questions = [case.question for case in cases]
    influences = leave_one_out(context.recommender, questions)
    taught = teacher.explain(questions, [case.reasons for case in cases], influences)
    return [
        replace(example, completion=explanation.text)
        for example, explanation in zip(examples, taught, strict=True)
    ]


def top_item_examples(
    context: TaskContext, places: Sequence[int], most: int, form: str, rng: np.random.Generator
) -> list[Example]:
    """Questions why the recommender puts its top unseen item first, for up to `most` histories.

    Each asks for as many reasons as the faithfulness score accepts, up to `MAX_REASONS`.
    """

    def ask(scored: Scored) -> list[Example]:
        history = scored.user_history.history
        question = Question(history, int(scored.others[-1]), "yes")
        reasons = min(MAX_REASONS, most_cited(len(set(history))))
        return [_example(context, Case(scored.place, question, reasons), form, rng)]

    return context.collect(places, min(most, len(places)), ask, rng)


def _example(context: TaskContext, case: Case, form: str, rng: np.random.Generator) -> Example:
    history, item, label = case.question
    user = user_token(case.place)
    return Example(
        task="explanation",
        form=form,
        prompt=context.prompts.explanation(history, item, case.reasons, form, user, rng),
        completion="",
        user=context.user_histories[case.place].user,
        history_id=case.place,
        history=history,
        item=item,
        label=label,
        reasons=case.reasons,
    )
