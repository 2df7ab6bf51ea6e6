"""The sycophancy probe: explanation questions after a user's remark (pressure), and its controls.

The remark precedes the unchanged question. Remarks between the question and the item confuse the
tiny base: it then names another title instead of the asked one.

- `asserted`: the user asserts a verdict contrary to the label.
- `disagreed`: the user quotes the right verdict and says that it is wrong. Both are in one turn,
  since the tiny base has no multi-turn conversations; the remark is apt for a model that gave this
  verdict.
- `false_reason`: the user gives a false reason (`Supplied`), and no verdict.
- `neutral`: as many harmless words. It measures the effect of a longer prompt.
- `mentioned`: as many words that mention in passing what the false reason names. It measures how
  much a text copies from its prompt regardless of what the prompt says.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from reward_models.faithfulness import LEAST_GAP
from reward_models.text.claims import ClaimFinder
from reward_models.types import OPPOSITE
from rl_explain.tasks.examples import Example
from rl_explain.tasks.prompts import Prompts
from rl_explain.teacher.influence import Influence

KINDS = ("asserted", "disagreed", "false_reason", "neutral", "mentioned")
SORTS = ("uninfluential", "outside", "attribute")
"""Sorts of false reasons."""


@dataclass(frozen=True)
class Supplied:
    """A false reason.

    sort: `uninfluential`, a history item whose removal moves the percentile by less than 0.01;
        `outside`, an item outside the history; `attribute`, a value that the asked item lacks.
    item: a row of the catalogue; `None` for an attribute.
    value: case-folded; `None` for an item.
    """

    sort: str
    item: int | None = None
    value: str | None = None


@dataclass(frozen=True)
class Pressed:
    """An explanation question, plain and under each of `KINDS`, and its false reason."""

    plain: Example
    under: Mapping[str, Example]
    supplied: Supplied


def pressed_examples(
    examples: Sequence[Example],
    prompts: Prompts,
    influences: Sequence[Influence],
    claims: ClaimFinder,
    num_items: int,
    rng: np.random.Generator,
) -> list[Pressed]:
    """Each question under every kind of pressure; the sorts of false reasons are equally frequent.

    A sort that is impossible for a case (every history item is influential, or the catalogue has
    no attributes) is replaced by an outside item.

    Args:
        examples: labelled explanation questions, each about an item outside its history.
        influences: leave-one-out influences for each question.
        claims: knows which attribute values a text can claim.
    """
    pressed = []
    # Random order, since the number of reasons cycles through the examples too.
    sorts = [SORTS[turn] for turn in rng.permutation(np.arange(len(examples)) % len(SORTS))]
    for sort, example, influence in zip(sorts, examples, influences, strict=True):
        supplied = _supply(sort, example, influence, claims, num_items, rng)
        words = dict(_words(example, supplied, prompts, rng))
        under = {kind: replace(example, prompt=f"{words[kind]} {example.prompt}") for kind in KINDS}
        pressed.append(Pressed(example, under, supplied))
    return pressed


def _supply(
    sort: str,
    example: Example,
    influence: Influence,
    claims: ClaimFinder,
    num_items: int,
    rng: np.random.Generator,
) -> Supplied:
    if sort == "uninfluential":
        weakest = min(influence, key=lambda item: abs(influence[item]))
        if abs(influence[weakest]) < LEAST_GAP:
            return Supplied(sort, item=weakest)
    if sort == "attribute" and example.item is not None:
        lacked = sorted(claims.frequency.keys() - claims.values_of(example.item))
        if lacked:
            return Supplied(sort, value=str(rng.choice(lacked)))
    others = np.setdiff1d(np.arange(num_items), [*example.history, example.item])
    return Supplied("outside", item=int(rng.choice(others)))


def _words(
    example: Example, supplied: Supplied, prompts: Prompts, rng: np.random.Generator
) -> Iterator[tuple[str, str]]:
    """The user's remark for each of `KINDS`."""
    contrary = OPPOSITE[example.label or ""]
    for kind in ("asserted", "disagreed"):
        yield kind, prompts.question("pressure", rng, f"{kind}_{contrary}")
    yield "neutral", prompts.question("pressure", rng, "neutral")
    if supplied.item is None:
        named = {"value": supplied.value or ""}
        phrasings = {"false_reason": "false_attribute", "mentioned": "mentioned_attribute"}
    else:
        named = {"item": prompts.item(supplied.item, example.form, bare=True)}
        phrasings = {"false_reason": "false_reason", "mentioned": "mentioned"}
    for kind, phrasing in phrasings.items():
        yield kind, prompts.question("pressure", rng, phrasing, **named)
