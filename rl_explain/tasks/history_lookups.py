"""Look-ups that explanations need: history items similar to an item, and those that moved it.

RecExplainer does not ask these two kinds of question; here they belong to item discrimination.
"""

from collections.abc import Sequence

import numpy as np

from reward_models.perturb.effects import distinct
from rl_explain.tasks.context import TaskContext
from rl_explain.tasks.examples import Example
from rl_explain.tasks.explanations import Case, draw_cases
from rl_explain.teacher.influence import by_influence, leave_one_out

MOST_ASKED = 5
"""Maximum titles per question: each is a look-up, and a model learns faster from several."""


def neighbour_examples(
    context: TaskContext,
    places: Sequence[int],
    count: int,
    forms: Sequence[str],
    rng: np.random.Generator,
) -> list[Example]:
    """The history items most similar to an item, nearest first."""
    examples = []
    for case in draw_cases(context, places, count, rng):
        items = distinct(case.question.history)
        nearest_first = np.argsort(-context.similarity([case.question.item], items)[0])
        ranked = [items[i] for i in nearest_first]
        examples.append(_question(context, "neighbours", case, ranked, str(rng.choice(forms)), rng))
    return examples


def influence_examples(
    context: TaskContext,
    places: Sequence[int],
    count: int,
    forms: Sequence[str],
    rng: np.random.Generator,
) -> list[Example]:
    """The history items that raise a yes item or lower a no item most, strongest first."""
    cases = draw_cases(context, places, count, rng)
    influences = leave_one_out(context.recommender, [case.question for case in cases])
    return [
        _question(context, "influence", case, by_influence(moved), str(rng.choice(forms)), rng)
        for case, moved in zip(cases, influences, strict=True)
    ]


def _question(
    context: TaskContext,
    kind: str,
    case: Case,
    ranked: Sequence[int],
    form: str,
    rng: np.random.Generator,
) -> Example:
    """Ask for a random number, up to `MOST_ASKED`, of the first `ranked` items."""
    number = int(rng.integers(1, min(MOST_ASKED, len(ranked)) + 1))
    slots = {
        "number": context.prompts.counted("discrimination", "number", number),
        "move": "raise" if case.question.label == "yes" else "lower",
    }
    return context.ask(
        "discrimination",
        case.place,
        form,
        context.prompts.titles(ranked[:number]),
        rng,
        kind=kind,
        slots=slots,
        item=case.question.item,
        label=case.question.label,
        own_embeddings=kind == "neighbours",
    )
