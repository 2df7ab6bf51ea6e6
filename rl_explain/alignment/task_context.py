"""What examples are built from: states, the recommender's view of them, and prompts."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np

from reward_models.percentile import NO_UNTIL, YES_FROM
from reward_models.types import Label
from rl_explain.alignment.examples import Example
from rl_explain.alignment.prompts import Prompts
from rl_explain.alignment.states import State, States
from rl_explain.alignment.virtual_tokens import user_token
from rl_explain.data.catalogue import Catalogue
from rl_explain.errors import UserError
from rl_explain.recommenders.protocol import Recommender

T = TypeVar("T")
BATCH = 256
"""States scored in one call of the recommender."""


@dataclass(frozen=True)
class Scored:
    """A state, its place among the states, and its score of every item: (num_items,)."""

    place: int
    state: State
    scores: np.ndarray

    @cached_property
    def others(self) -> np.ndarray:
        """Items outside the history, the lowest score first."""
        items = np.setdiff1d(np.arange(len(self.scores)), self.state.history)
        return items[np.argsort(self.scores[items], kind="stable")]

    @cached_property
    def percentiles(self) -> np.ndarray:
        """Percentiles of `others`, as `reward_models.percentile` gives them one by one."""
        scores = self.scores[self.others]
        below = np.searchsorted(scores, scores, side="left")
        through = np.searchsorted(scores, scores, side="right")
        return (below + through - 1) / 2 / max(1, len(scores) - 1)

    def draw_pair(self, rng: np.random.Generator) -> list[tuple[Label, int]]:
        """A yes and a no item outside the history, each drawn uniformly, where there are any."""
        has: dict[Label, np.ndarray] = {
            "yes": self.percentiles >= YES_FROM,
            "no": self.percentiles <= NO_UNTIL,
        }
        return [
            (label, int(rng.choice(self.others[rows]))) for label, rows in has.items() if rows.any()
        ]


@dataclass(frozen=True)
class TaskContext:
    """The catalogue, its states, the recommender and the prompts that examples are built with."""

    catalogue: Catalogue
    states: States
    recommender: Recommender
    prompts: Prompts

    @cached_property
    def _centred_items(self) -> np.ndarray:
        items = self.recommender.item_embeddings()
        return items - items.mean(axis=0)

    def similarity(self, asked: Sequence[int], listed: Sequence[int]) -> np.ndarray:
        """Dot products of item embeddings: (len(asked), len(listed)).

        They are centred, as the item bank is: what is left tells items apart, where the raw
        products of RecExplainer mostly say which item is popular.
        """
        return self._centred_items[list(asked)] @ self._centred_items[list(listed)].T

    def ask(
        self,
        task: str,
        place: int,
        form: str,
        completion: str,
        rng: np.random.Generator,
        kind: str = "",
        slots: Mapping[str, str] | None = None,
        item: int | None = None,
        candidates: tuple[int, ...] | None = None,
        label: Label | None = None,
        own_embeddings: bool = False,
    ) -> Example:
        """A question about a state: the phrasing shows its history and, where it has a place for
        them, item, candidates and the further `slots`. `item` is shown, beside the history too:
        an item that is the answer must not be given here. `own_embeddings` as
        `Prompts.history` takes it."""
        state, prompts, user = self.states[place], self.prompts, user_token(place)
        shown = {
            "history": prompts.history(state.history, form, user, item, own_embeddings),
            "item": "" if item is None else prompts.item(item, form),
            "candidates": prompts.candidates(candidates or (), form, user),
        }
        return Example(
            task=task,
            form=form,
            prompt=prompts.question(task, rng, kind, **shown, **(slots or {})),
            completion=completion,
            user=state.user,
            state=place,
            history=state.history,
            item=item,
            label=label,
            candidates=candidates,
        )

    def collect(
        self,
        places: Sequence[int],
        count: int,
        build: Callable[[Scored], Sequence[T]],
        rng: np.random.Generator,
    ) -> list[T]:
        """`count` results of `build`, from states in random order, none twice before all once.

        Raises:
            UserError: no state gives any.
        """
        found: list[T] = []
        while len(found) < count:
            before = len(found)
            for scored in self._scored(rng.permutation(places).tolist()):
                found += build(scored)
                if len(found) >= count:
                    return found[:count]
            if len(found) == before:
                raise UserError(
                    f"{len(places)} states and {len(self.catalogue)} items give no example: the "
                    "recommender tells no items apart, or the catalogue or the split is too small."
                )
        return found

    def _scored(self, places: Sequence[int]) -> Iterator[Scored]:
        """States with their scores, scored batch by batch."""
        for start in range(0, len(places), BATCH):
            batch = [(place, self.states[place]) for place in places[start : start + BATCH]]
            scores = self.recommender.score([state.history for _, state in batch])
            yield from (Scored(*pair, row) for pair, row in zip(batch, scores, strict=True))
