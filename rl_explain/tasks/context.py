"""What examples are built from: user histories, the recommender's scores, and prompts."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
from scipy.stats import rankdata

from reward_models.perturb.measures import NO_UNTIL, YES_FROM
from reward_models.types import Label
from rl_explain.data.catalogue import Catalogue
from rl_explain.errors import UserError
from rl_explain.recommenders.protocol import Recommender
from rl_explain.tasks.examples import Example
from rl_explain.tasks.prompts import Prompts
from rl_explain.tasks.tokens import user_token
from rl_explain.tasks.user_histories import UserHistories, UserHistory

T = TypeVar("T")
BATCH = 256
"""Histories scored in one call of the recommender."""


@dataclass(frozen=True)
class Scored:
    """A user history, its index among all user histories, and its item scores (num_items,)."""

    place: int
    user_history: UserHistory
    scores: np.ndarray

    @cached_property
    def others(self) -> np.ndarray:
        """Items outside the history, lowest score first."""
        items = np.setdiff1d(np.arange(len(self.scores)), self.user_history.history)
        return items[np.argsort(self.scores[items], kind="stable")]

    @cached_property
    def percentiles(self) -> np.ndarray:
        """Percentiles of `others`: `reward_models.perturb.measures.percentile` of all at once."""
        return (rankdata(self.scores[self.others]) - 1) / max(1, len(self.others) - 1)

    def draw_pair(self, rng: np.random.Generator) -> list[tuple[Label, int]]:
        """A yes and a no item outside the history, drawn uniformly; without those that do not
        exist."""
        has: dict[Label, np.ndarray] = {
            "yes": self.percentiles >= YES_FROM,
            "no": self.percentiles <= NO_UNTIL,
        }
        return [
            (label, int(rng.choice(self.others[rows]))) for label, rows in has.items() if rows.any()
        ]


@dataclass(frozen=True)
class TaskContext:
    """The catalogue, user histories, recommender and prompts from which examples are built."""

    catalogue: Catalogue
    user_histories: UserHistories
    recommender: Recommender
    prompts: Prompts

    @cached_property
    def _centred_items(self) -> np.ndarray:
        items = self.recommender.item_embeddings()
        return items - items.mean(axis=0)

    def similarity(self, asked: Sequence[int], listed: Sequence[int]) -> np.ndarray:
        """Dot products of item embeddings: (len(asked), len(listed)).

        Embeddings are centred, as in the item table: this distinguishes items, while the raw
        products of RecExplainer mostly reflect popularity.
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
        """A question about a user history.

        The phrasing shows the history and, if it has slots for them, the item, the candidates and
        further `slots`. The history shows `item` too, so do not pass an item that is the answer.

        Args:
            place: index of the user history.
            kind: which of the task's questions, if it has several.
            own_embeddings: as in `Prompts.history`.
        """
        user_history, prompts, user = self.user_histories[place], self.prompts, user_token(place)
        shown = {
            "history": prompts.history(user_history.history, form, user, item, own_embeddings),
            "item": "" if item is None else prompts.item(item, form),
            "candidates": prompts.candidates(candidates or (), form, user),
        }
        return Example(
            task=task,
            form=form,
            prompt=prompts.question(task, rng, kind, **shown, **(slots or {})),
            completion=completion,
            user=user_history.user,
            history_id=place,
            history=user_history.history,
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
        """`count` results of `build`; each pass uses every user history once, in random order.

        Raises:
            UserError: no user history gives a result.
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
                    f"{len(places)} histories and {len(self.catalogue)} items give no example: the "
                    "recommender scores all items alike, or the catalogue or split is too small."
                )
        return found

    def _scored(self, places: Sequence[int]) -> Iterator[Scored]:
        """User histories with their item scores, computed in batches."""
        for start in range(0, len(places), BATCH):
            batch = [(place, self.user_histories[place]) for place in places[start : start + BATCH]]
            scores = self.recommender.score([user_history.history for _, user_history in batch])
            yield from (Scored(*pair, row) for pair, row in zip(batch, scores, strict=True))
