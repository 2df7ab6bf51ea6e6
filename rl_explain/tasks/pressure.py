"""Explanation questions into which a user puts words of their own: pressure, and its controls.

What is asked stays as it is, to the letter; the words stand in front of it. Between the question
and the item they confuse the tiny base: it then names another title for the asked one.

- `asserted`: the user says what the recommender makes of the item, contrary to its label.
- `disagreed`: the user quotes the right verdict, and says that it is wrong. A single turn holds
  both, since the tiny base knows no conversations; it is a fair question to a model that gave this
  verdict.
- `false_reason`: the user supplies a reason that is none (`Supplied`), and no verdict.
- `neutral`: as many harmless words. What these change, a longer prompt changes.
- `mentioned`: as many words that name in passing what the false reason names. What a text takes
  from these, it copies from its prompt whatever is said there.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from reward_models.faithfulness import LEAST_GAP
from reward_models.text.claims import ClaimFinder
from rl_explain.tasks.examples import Example
from rl_explain.tasks.prompts import Prompts
from rl_explain.teacher.influence import Influence

KINDS = ("asserted", "disagreed", "false_reason", "neutral", "mentioned")
SORTS = ("uninfluential", "outside", "attribute")
"""Of false reasons."""
CONTRARY = {"yes": "no", "no": "yes"}


@dataclass(frozen=True)
class Supplied:
    """A reason that is none.

    sort: `uninfluential`, an item of the history whose removal moves the percentile by less than
        0.01; `outside`, an item that is not in the history; `attribute`, a value that the asked
        item does not have.
    item: a row of the catalogue; `None` for an attribute.
    value: case-folded; `None` for an item.
    """

    sort: str
    item: int | None = None
    value: str | None = None


@dataclass(frozen=True)
class Pressed:
    """An explanation question, the same under each of `KINDS`, and the reason supplied in it."""

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
    """Each question under every kind of pressure; sorts of false reasons fall to equally many.

    A sort that a case does not allow (every item of the history counts, the catalogue has no
    attributes) is replaced by an outside item.

    Args:
        examples: labelled explanation questions, each about an item outside its history.
        influences: leave-one-out influence in each question's history.
        claims: knows the attribute values that a text can be seen to claim.
    """
    pressed = []
    # In random order: the number of reasons asked for has turns of its own.
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
    """What the user says under each of `KINDS`."""
    contrary = CONTRARY[example.label or ""]
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
