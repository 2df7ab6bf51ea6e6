"""Is what the explanation says true? The titles it names and the attributes it claims.

    precision = (titles in the history + confirmed claims) / (titles + unknown titles + claims)

over distinct catalogue titles other than the target, distinct quoted titles that are in no
catalogue, and distinct claims (`claims`). It is the project's own; that explanations must be
checked for what they invent is the lesson of RecExplainer's intention form, which invents (Lei et
al. 2024, section 4.3).

Range [0, 1]. Tasks: explanation. Resists: invented titles, titles in look-alike letters, titles of
other users, false attributes; and texts that say nothing, which score 0. It does not ask whether
what is true matters: that is `faithfulness`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from reward_models.context import RewardContext
from reward_models.text.phrases import fold
from reward_models.text.reading import Reading
from reward_models.types import Score


@dataclass(frozen=True)
class Grounding:
    """Counts of what one text says, and of what of it holds."""

    titles: int
    """Catalogue titles other than the target."""
    in_history: int
    """Those of them that the history holds."""
    unknown: int
    """Quoted titles that are in no catalogue."""
    claims: int
    """Attribute values claimed of items."""
    confirmed: int
    """Those of them that the catalogue confirms."""

    @property
    def precision(self) -> float | None:
        """In [0, 1]; `None` when the text names no title and claims nothing."""
        said = self.titles + self.unknown + self.claims
        return (self.in_history + self.confirmed) / said if said else None


def ground(
    reading: Reading, *, context: RewardContext, history: Sequence[int], item: int | None
) -> Grounding:
    """Check one text about a target, or about none, against the history and the catalogue."""
    titles = reading.items - {item}
    # a quoted attribute value is a word in quotes, no title
    unknown = {fold(title) for title in reading.unknown if not context.claims.is_value(title)}
    claims = context.claims.find(reading, item)
    return Grounding(
        titles=len(titles),
        in_history=len(titles.intersection(history)),
        unknown=len(unknown),
        claims=len(claims),
        confirmed=sum(map(context.claims.is_true, claims)),
    )


def grounding(
    completions: Sequence[str],
    *,
    context: RewardContext,
    task: Sequence[str],
    history: Sequence[Sequence[int]],
    item: Sequence[int | None],
    **columns: object,
) -> list[Score]:
    """Grounding precision of each explanation, in [0, 1]; 0 for one that says nothing.

    `None` for tasks other than explanation.
    """
    rows = zip(completions, task, history, item, strict=True)
    return [
        ground(context.read(text), context=context, history=past, item=target).precision or 0.0
        if kind == "explanation"
        else None
        for text, kind, past, target in rows
    ]
