"""Build task examples: questions that the recommender answers (RecExplainer, section 3).

Labels come from the recommender, never from the next item in the data.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from rl_explain.config.settings import TASKS
from rl_explain.errors import unknown_name
from rl_explain.tasks.context import Scored, TaskContext
from rl_explain.tasks.discrimination import discrimination_examples
from rl_explain.tasks.examples import Example
from rl_explain.tasks.explanations import explanation_examples
from rl_explain.tasks.instructions import instruction_examples
from rl_explain.teacher.template import Teacher

CANDIDATES = 5
"""Items of a ranking question."""

Build = Callable[[TaskContext, Scored, str, np.random.Generator], list[Example]]


def build_examples(
    context: TaskContext,
    places: Sequence[int],
    counts: Mapping[str, int],
    forms: Sequence[str],
    seed: int,
    teacher: Teacher | None = None,
    instructions: Path | None = None,
) -> list[Example]:
    """Examples of several tasks, task by task.

    Args:
        places: user histories to ask about.
        counts: task name to number of examples. Reconstruction is skipped if no form shows
            embeddings.
        forms: each example draws one of these.
        teacher: writes the explanations; without a teacher their completions are "".
        instructions: JSON lines file of general instructions; generated if `None`.

    Raises:
        UserError: an unknown task, or no example is possible.
    """
    examples = []
    for task, count in counts.items():
        if task not in TASKS:
            raise unknown_name("task", task, TASKS)
        rng = np.random.default_rng((seed, TASKS.index(task)))
        if task == "explanation":
            examples += explanation_examples(context, places, count, forms, rng, teacher)
        elif task == "discrimination":
            examples += discrimination_examples(context, places, count, forms, rng)
        elif task == "instruction":
            examples += instruction_examples(context.catalogue.titles, count, rng, instructions)
        else:
            examples += history_examples(context, places, task, count, forms, rng)
    return examples


def history_examples(
    context: TaskContext,
    places: Sequence[int],
    task: str,
    count: int,
    forms: Sequence[str],
    rng: np.random.Generator,
) -> list[Example]:
    """`count` examples of a task in `HISTORY_TASKS`."""
    if task == "reconstruction":
        forms = ["intention"] if set(forms) - {"behaviour"} else []
    if not forms:
        return []

    def build(scored: Scored) -> list[Example]:
        return HISTORY_TASKS[task](context, scored, str(rng.choice(forms)), rng)

    return context.collect(places, count, build, rng)


def retrieval(
    context: TaskContext, scored: Scored, form: str, rng: np.random.Generator
) -> list[Example]:
    """The title of the recommender's top item outside the history."""
    top = int(scored.others[-1])
    answer = context.prompts.titles([top])
    asked = context.ask("retrieval", scored.place, form, answer, rng)
    return [replace(asked, item=top)]  # `ask` would show it in the prompt


def ranking(
    context: TaskContext, scored: Scored, form: str, rng: np.random.Generator
) -> list[Example]:
    """`CANDIDATES` random items outside the history, sorted by the recommender."""
    if len(scored.others) < CANDIDATES:
        return []
    shown = tuple(rng.choice(scored.others, CANDIDATES, replace=False).tolist())
    answer = context.prompts.titles(sorted(shown, key=lambda item: -scored.scores[item]))
    return [context.ask("ranking", scored.place, form, answer, rng, candidates=shown)]


def classification(
    context: TaskContext, scored: Scored, form: str, rng: np.random.Generator
) -> list[Example]:
    """One item of the top 20 % and one of the bottom half, drawn uniformly."""
    return [
        context.ask(
            "classification", scored.place, form, label.capitalize(), rng, item=item, label=label
        )
        for label, item in scored.draw_pair(rng)
    ]


def reconstruction(
    context: TaskContext, scored: Scored, form: str, rng: np.random.Generator
) -> list[Example]:
    """The history's titles, from the user embedding alone."""
    answer = context.prompts.titles(scored.user_history.history)
    return [context.ask("reconstruction", scored.place, form, answer, rng)]


HISTORY_TASKS: dict[str, Build] = {
    "retrieval": retrieval,
    "ranking": ranking,
    "classification": classification,
    "reconstruction": reconstruction,
}
