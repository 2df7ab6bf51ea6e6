"""Are the explanation's titles and attribute claims true?

    precision = (titles in the history + confirmed claims) / (titles + unknown titles + claims)

counts distinct catalogue titles except the target, distinct quoted titles that are not in the
catalogue, and distinct claims (`claims`). The measure is the project's own. RecExplainer's
intention-based explanations hallucinate (Lei et al. 2024, section 4.3), so a check is needed.

Range [0, 1]. Tasks: explanation. Resists: invented titles, titles in look-alike letters, titles
that this user never chose, false attributes; and texts that say nothing, which score 0. It does not
measure whether true statements matter to the recommender; `faithfulness` does.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from reward_models.context import RewardContext
from reward_models.text.phrases import fold
from reward_models.text.reading import Reading
from reward_models.types import Score


@dataclass(frozen=True)
class Grounding:
    """Counts of one text's statements and of those that are true."""

    titles: int
    """Catalogue titles other than the target."""
    in_history: int
    """Those of them that are in the history."""
    unknown: int
    """Quoted titles that are not in the catalogue."""
    claims: int
    """Attribute values that the text claims of items."""
    confirmed: int
    """Those of them that the catalogue confirms."""

    @property
    def precision(self) -> float | None:
        """In [0, 1]; `None` if the text names no title and claims nothing."""
        said = self.titles + self.unknown + self.claims
        return (self.in_history + self.confirmed) / said if said else None


def ground(
    reading: Reading, *, context: RewardContext, history: Sequence[int], item: int | None
) -> Grounding:
    """Check one text against the history and the catalogue; `item` is the target, if any."""
    titles = reading.items - {item}
    # A quoted attribute value is not a title.
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
    """Grounding precision of each explanation, in [0, 1]; 0 if it says nothing.

    `None` for tasks other than explanation.
    """
    rows = zip(completions, task, history, item, strict=True)
    return [
        ground(context.read(text), context=context, history=past, item=target).precision or 0.0
        if kind == "explanation"
        else None
        for text, kind, past, target in rows
    ]
