"""Item discrimination: tell items apart by token or title (RecExplainer, task 4).

Every question asks for several look-ups: a model learns to read embeddings much faster that way.
"""

from collections.abc import Callable, Sequence

import numpy as np

from rl_explain.data.catalogue import SEPARATOR
from rl_explain.tasks.context import TaskContext
from rl_explain.tasks.examples import Example
from rl_explain.tasks.history_lookups import influence_examples, neighbour_examples
from rl_explain.teacher.writer import attribute_values

ASKED, LISTED = 3, 5
"""Items that a question asks about, and items that it lists as options."""


def discrimination_examples(
    context: TaskContext,
    places: Sequence[int],
    count: int,
    forms: Sequence[str],
    rng: np.random.Generator,
) -> list[Example]:
    """`count` examples, about equally many of each kind.

    The kind `attributes` needs a catalogue with attributes; `titles` needs a form with tokens.
    """
    builders: dict[str, Callable[[int], list[Example]]] = {
        "neighbours": lambda n: neighbour_examples(context, places, n, forms, rng),
        "influence": lambda n: influence_examples(context, places, n, forms, rng),
        "similar": lambda n: [similar(context, str(rng.choice(forms)), rng) for _ in range(n)],
    }
    if any(context.catalogue.attributes):
        builders["attributes"] = lambda n: [
            attributes(context, str(rng.choice(forms)), rng) for _ in range(n)
        ]
    if set(forms) - {"behaviour"}:
        builders["titles"] = lambda n: [titles(context, rng) for _ in range(n)]
    shares = [len(part) for part in np.array_split(np.arange(count), len(builders))]
    parts = [build(n) for build, n in zip(builders.values(), shares, strict=True)]
    return [example for part in parts for example in part]


def titles(context: TaskContext, rng: np.random.Generator) -> Example:
    """The titles of several items, given only their tokens."""
    shown = _draw(np.arange(len(context.catalogue)), ASKED, rng)
    answer = context.prompts.titles(shown)
    return _question(context, "titles", shown, "intention", answer, rng)


def attributes(context: TaskContext, form: str, rng: np.random.Generator) -> Example:
    """The attribute values of several items, given tokens or titles."""
    described = [row for row, values in enumerate(context.catalogue.attributes) if values]
    shown = _draw(np.array(described), ASKED, rng)
    values = [attribute_values(context.catalogue.attributes[row]) for row in shown]
    answer = SEPARATOR.join(", ".join(v) for v in values)
    return _question(context, "attributes", shown, form, answer, rng)


def similar(context: TaskContext, form: str, rng: np.random.Generator) -> Example:
    """For each of several items, the most similar listed item by dot product."""
    drawn = _draw(np.arange(len(context.catalogue)), ASKED + LISTED, rng)
    asked, listed = drawn[:ASKED], drawn[ASKED:]
    closest = context.similarity(asked, listed).argmax(axis=1)
    answer = context.prompts.titles([listed[i] for i in closest])
    slots = {"asked": context.prompts.items(asked, form)}
    return _question(context, "similar", listed, form, answer, rng, **slots)


def _draw(rows: np.ndarray, count: int, rng: np.random.Generator) -> list[int]:
    return rng.choice(rows, min(count, len(rows)), replace=False).tolist()


def _question(
    context: TaskContext,
    kind: str,
    shown: Sequence[int],
    form: str,
    answer: str,
    rng: np.random.Generator,
    **slots: str,
) -> Example:
    """A question about items without a user; hides attributes if the question asks for them."""
    candidates = context.prompts.items(shown, form, bare=kind == "attributes")
    prompt = context.prompts.question("discrimination", rng, kind, candidates=candidates, **slots)
    return Example("discrimination", form, prompt, answer, candidates=tuple(shown))
