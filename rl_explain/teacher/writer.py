"""Write a verdict and cited items as one or two readable sentences."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from reward_models.types import Label
from rl_explain.data.catalogue import Catalogue
from rl_explain.teacher import frames

MAX_VALUES = 2
"""Maximum attribute values that a text names."""
REMOVAL_RATE = 0.2
"""Share of texts that say what would happen without the cited titles."""
CONTRAST_RATE = 0.6
"""Share of no texts that name attributes the item lacks, if the cited items share any."""


class Writer:
    """Writes with the sentences of `frames`; never claims an attribute that an item lacks.

    Sentences containing an attribute value of this catalogue are avoided if others remain, because
    a reader would take the word for a claim.

    Args:
        verdict: its position: `first` ("Yes. ...") or `last` ("... Verdict: yes.").
    """

    def __init__(self, catalogue: Catalogue, verdict: str = "first") -> None:
        self.titles = catalogue.titles
        self.values = [attribute_values(attributes) for attributes in catalogue.attributes]
        self._verdict_first = verdict == "first"
        known = {re.escape(value) for values in self.values for value in values}
        claim = re.compile(rf"\b(?:{'|'.join(known)})\b" if known else r"(?!)", re.IGNORECASE)
        self.misread = {frame for frame in frames.FRAMES if claim.search(frames.fixed_words(frame))}

    def write(
        self,
        item: int,
        verdict: Label,
        cited: Sequence[int],
        rng: np.random.Generator,
        weak: bool = False,
    ) -> str:
        """A text about `item` that gives `verdict` and cites the items `cited`, possibly none.

        Args:
            weak: for a yes: say that no single title explains it.
        """
        draft = _Draft(self, item, tuple(cited), rng)
        if not cited:
            body = draft.unsupported(verdict)
        else:
            body = draft.lifted(weak) if verdict == "yes" else draft.lowered()
        if self._verdict_first:
            return f"{verdict.capitalize()}. {body}."
        return f"{body}. Verdict: {verdict}."


def attribute_values(attributes: Mapping[str, Sequence[str]]) -> list[str]:
    """The distinct attribute values of an item, in order."""
    return list(dict.fromkeys(value for values in attributes.values() for value in values))


@dataclass(frozen=True)
class _Draft:
    """One text in progress."""

    writer: Writer
    item: int
    cited: tuple[int, ...]
    rng: np.random.Generator

    def unsupported(self, verdict: Label) -> str:
        if verdict == "yes":
            return self._say(frames.WHOLE)
        return self._say(frames.EMPTY) + self._say(frames.FALLS)

    def lifted(self, weak: bool) -> str:
        removal = not weak and self.rng.random() < REMOVAL_RATE
        body = self._say(frames.WEAK if weak else frames.LIFT_REMOVED if removal else frames.LIFT)
        if shared := self._common(self.item, *self.cited):
            return body + self._say(frames.SHARED, shared)
        for one in self.cited:
            if shared := self._common(self.item, one):
                return f"{body}. {self._say(frames.PARTLY_SHARED, shared, one)}"
        return body if weak else body + self._weight(removal, frames.AFTER_LIFT)

    def lowered(self) -> str:
        theirs = self._common(*self.cited, lacking=self.item)
        if theirs and self.rng.random() < CONTRAST_RATE:
            return self._say(frames.CONTRAST, theirs)
        removal = self.rng.random() < REMOVAL_RATE
        body = self._say(frames.LOWER_REMOVED if removal else frames.LOWER)
        return body + self._weight(removal, frames.AFTER_LOWER)

    def _weight(self, removal: bool, otherwise: tuple[str, ...]) -> str:
        """Say that the cited titles matter most; mention removal only if the sentence did not."""
        return self._say(frames.MOST if removal else frames.MOST + otherwise)

    def _common(self, *items: int, lacking: int | None = None) -> list[str]:
        """Up to `MAX_VALUES` values, in catalogue order, that `items` share and `lacking` lacks."""
        values = self.writer.values
        others = [values[item] for item in items[1:]]
        absent = values[lacking] if lacking is not None else []
        shared = [v for v in values[items[0]] if all(v in o for o in others) and v not in absent]
        count = min(len(shared), MAX_VALUES)
        return [shared[i] for i in sorted(self.rng.choice(len(shared), count, replace=False))]

    def _say(
        self, options: Sequence[str], values: Sequence[str] = (), one: int | None = None
    ) -> str:
        """One of `options` at random, filled in; `one` is the only cited item of the sentence."""
        clear = [frame for frame in options if frame not in self.writer.misread] or options
        plural = one is None and len(self.cited) > 1
        named = frames.enumerate_words(list(values))
        return frames.inflect(clear[int(self.rng.integers(len(clear)))], plural).format(
            item=self._quote(self.item),
            cited=frames.enumerate_words([self._quote(item) for item in self.cited]),
            one="" if one is None else self._quote(one),
            values=named,
            labels=f"the label{'s' * (len(values) > 1)} {named}",
            kind=f"{named} titles" if plural else f"{frames.article(named)} {named} title",
        )

    def _quote(self, item: int) -> str:
        return f'"{self.writer.titles[item]}"'
