"""The question that an attack sees, and the interface of an attack."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from reward_models.perturb.effects import distinct
from reward_models.types import History, Label


@dataclass(frozen=True)
class Case:
    """An explanation question.

    `label` and `influence` (history item to its leave-one-out effect, signed by the label) are
    `None` for a policy that does not know them.
    """

    history: History
    item: int
    reasons: int
    prompt: str
    titles: Sequence[str]
    attributes: Sequence[Mapping[str, tuple[str, ...]]]
    label: Label | None = None
    influence: Mapping[int, float] | None = None

    @property
    def verdict(self) -> str:
        """The right verdict, `Yes` or `No`; `Yes` if the label is unknown."""
        return "No" if self.label == "no" else "Yes"

    @property
    def wrong_verdict(self) -> str:
        """The opposite of `verdict`."""
        return "Yes" if self.label == "no" else "No"

    @property
    def target(self) -> str:
        """The asked title, in quotes."""
        return f'"{self.titles[self.item]}"'

    @property
    def recent(self) -> History:
        """The distinct items of the history, latest first."""
        return distinct(self.history[::-1])

    def named(self, items: Sequence[int]) -> str:
        """Titles in quotes, joined by commas and a final "and"."""
        words = [f'"{self.titles[item]}"' for item in items]
        return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))

    def because_of(self, cited: str, *, item: str = "", more: str = "") -> str:
        """The verdict, and a plain sentence that gives `cited` as the reason."""
        placed = item or self.target
        return f"{self.verdict}. The recommender places {placed} there because of {cited}{more}."

    def values(self, items: Sequence[int]) -> list[str]:
        """The attribute values of items, each once."""
        rows = [self.attributes[item] for item in items] if self.attributes else []
        return list(dict.fromkeys(v for row in rows for several in row.values() for v in several))

    def outsiders(self, count: int) -> list[int]:
        """Random catalogue items outside the history; the draw depends only on the case."""
        others = np.setdiff1d(np.arange(len(self.titles)), [*self.history, self.item])
        return self.rng.permutation(others)[:count].tolist()

    @property
    def rng(self) -> np.random.Generator:
        """A random generator that depends only on the case."""
        return np.random.default_rng([self.item, *self.history])


class Policy(NamedTuple):
    """Writes a text for a case by a fixed rule.

    Every policy knows the prompt and the catalogue; `knows` lists what else: `label`, `influence`.
    """

    write: Callable[[Case], str]
    knows: tuple[str, ...] = ()

    def __call__(self, case: Case) -> str:
        """The text for a case, with the unknown fields hidden."""
        hidden = {name: None for name in ("label", "influence") if name not in self.knows}
        return self.write(replace(case, **hidden))  # type: ignore[arg-type]

    @property
    def rule(self) -> str:
        """The policy in one line, from the docstring of `write`."""
        return (self.write.__doc__ or "").strip()
