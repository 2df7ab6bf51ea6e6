"""Effects of removing items from a history on the recommender's score of an item.

For an item a, a history h and a set C of its items; sigma is +1 for the label yes and -1 for no:

    comprehensiveness  sigma * [p(a|h) - p(a|h without C)]
    sufficiency        sigma * [p(a|C) - p(a|h)],  C in history order

These follow DeYoung et al. 2020; p is the recommender's percentile or another measure. A pool
contains the effects of the subsets of one size: all of them up to 200, otherwise 200 uniform draws
and a greedy subset. It depends only on the question, the size and the seed, so a score depends
neither on its batch nor on what a text cites.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, islice
from math import comb
from typing import NamedTuple, TypeAlias

import numpy as np

from reward_models.perturb.measures import percentile
from reward_models.perturb.perturbations import Perturbation, delete
from reward_models.perturb.scoring import score_chunks
from reward_models.types import History, Label, Recommender

Measure: TypeAlias = Callable[[np.ndarray, np.ndarray, Sequence[Sequence[int]]], np.ndarray]
"""(scores (B, N), items (B,), original histories) -> (B,): `percentile` or another."""

EXHAUSTIVE = 200
"""Largest number of subsets of one size for which all are evaluated."""
DRAWS = 200
"""Subsets drawn if there are more."""
_TOGETHER = 256
"""Pools computed at once; bounds the altered histories in memory."""


class Question(NamedTuple):
    """Why does the recommender, given `history`, label `item` with `label`?"""

    history: History
    item: int
    label: Label


@dataclass(frozen=True)
class Pool:
    """The subsets of one size that were evaluated for a question.

    `subsets` (S, k) are positions in `distinct(history)`, ascending; `effects` (S,) are their
    effects; `random` is the mean effect of a random subset.
    """

    subsets: np.ndarray
    effects: np.ndarray
    random: float

    @property
    def size(self) -> int:
        """Number of items in each subset."""
        return self.subsets.shape[1]

    @property
    def best(self) -> float:
        """The largest effect of an evaluated subset."""
        return float(self.effects.max())

    @property
    def gap(self) -> float:
        """Effect of the best subset minus that of a random one; at least 0, up to rounding."""
        return self.best - self.random

    def find(self, positions: Sequence[int]) -> float | None:
        """The effect of one subset (positions ascending), or `None` if it was not evaluated."""
        rows = np.flatnonzero((self.subsets == np.asarray(positions)).all(axis=1))
        return float(self.effects[rows[0]]) if len(rows) else None


class Effect(NamedTuple):
    """The effect of a cited set, and the mean effect of a random subset of its size."""

    cited: float
    random: float


_Key: TypeAlias = tuple[Question, int]  # question, subset size
_Request: TypeAlias = tuple[Question, Sequence[int]]  # question, items


def distinct(history: Sequence[int]) -> History:
    """The items of a history, each once, in order of first occurrence."""
    return tuple(dict.fromkeys(history))


class SubsetEffects:
    """Computes the effects of subsets for many questions at once.

    Args:
        recommender: called with few, large, deduplicated batches.
        num_items: size of the recommender's catalogue.
        perturbs: how items are removed; with several perturbations, the measure is averaged over
            them.
        kept: compute sufficiency, where only the subset stays, instead of comprehensiveness.
        measure: turns the recommender's scores into one number for the item.
        seed: of the draws.
        remembered: number of pools cached, the most recently used ones.
    """

    def __init__(
        self,
        recommender: Recommender,
        num_items: int,
        *,
        perturbs: Sequence[Perturbation] = (delete,),
        kept: bool = False,
        measure: Measure = percentile,
        seed: int = 0,
        remembered: int = 20_000,
    ) -> None:
        self.recommender = recommender
        self.num_items = num_items
        self.perturbs = perturbs
        self.kept = kept
        self.measure = measure
        self.seed = seed
        self.remembered = remembered
        self._pools: dict[_Key, Pool] = {}

    def effects(
        self, questions: Sequence[Question], cited: Sequence[Collection[int]]
    ) -> list[Effect | None]:
        """The effect of each question's cited set.

        `None` if it is undefined: nothing is cited or, for comprehensiveness, everything is, since
        a recommender never has to score an empty history.

        Raises:
            ValueError: a cited item is not in its history.
        """
        sizes = [len(_positions(q, c)) for q, c in zip(questions, cited, strict=True)]
        asked = [i for i, q in enumerate(questions) if 0 < sizes[i] <= self._largest(q)]
        pools = self.pools([questions[i] for i in asked], [sizes[i] for i in asked])
        own = self.of([questions[i] for i in asked], [cited[i] for i in asked])
        effects: list[Effect | None] = [None] * len(questions)
        for i, pool, value in zip(asked, pools, own.tolist(), strict=True):
            effects[i] = Effect(value, pool.random)
        return effects

    def of(self, questions: Sequence[Question], cited: Sequence[Collection[int]]) -> np.ndarray:
        """The effect of each question's cited set, of any size: (len(questions),).

        A set that is in a cached pool is not computed again.

        Raises:
            ValueError: a cited item is not in its history.
        """
        known = [self._known(q, c) for q, c in zip(questions, cited, strict=True)]
        absent = [i for i, value in enumerate(known) if value is None]
        effects = np.array(known, dtype=float)
        effects[absent] = self._signed([(questions[i], tuple(cited[i])) for i in absent])
        return effects

    def _known(self, question: Question, cited: Collection[int]) -> float | None:
        places = _positions(question, cited)
        pool = self._pools.get((question, len(places)))
        return None if pool is None else pool.find(places)

    def pools(self, questions: Sequence[Question], sizes: Sequence[int]) -> list[Pool]:
        """The pool of each question and the size at the same position.

        For up to 200 distinct items, size 1 gives the leave-one-out effect of each, in order.

        Raises:
            ValueError: a size below one, or a size that would remove the whole history.
        """
        keys = list(zip(questions, sizes, strict=True))
        missing = [key for key in dict.fromkeys(keys) if key not in self._pools]
        for begin in range(0, len(missing), _TOGETHER):
            group = missing[begin : begin + _TOGETHER]
            self._pools.update(zip(group, self._compute(group), strict=True))
        pools = [self._pools[key] for key in keys]
        self._forget(keys)
        return pools

    def _largest(self, question: Question) -> int:
        return len(set(question.history)) - (0 if self.kept else 1)

    def _forget(self, used: Sequence[_Key]) -> None:
        for key in used:
            self._pools[key] = self._pools.pop(key)  # move to the end: most recently used
        for key in list(islice(self._pools, max(0, len(self._pools) - self.remembered))):
            del self._pools[key]

    def _compute(self, keys: Sequence[_Key]) -> list[Pool]:
        greedy = self._greedy(
            [key for key in keys if not are_few(len(set(key[0].history)), key[1])]
        )
        subsets = [self._subsets(key, greedy.get(key)) for key in keys]
        requests: list[_Request] = [
            (question, chosen)
            for (question, _), positions in zip(keys, subsets, strict=True)
            for chosen in np.array(distinct(question.history))[positions].tolist()
        ]
        ends = np.cumsum([len(positions) for positions in subsets])
        parts = np.split(self._signed(requests), ends[:-1])
        return [
            Pool(positions, part, float(part[:DRAWS].mean()))  # the greedy subset is not random
            for positions, part in zip(subsets, parts, strict=True)
        ]

    def _subsets(self, key: _Key, greedy: Sequence[int] | None) -> np.ndarray:
        """Positions of all subsets to evaluate, the greedy one last: (S, size)."""
        (history, item, _), size = key
        if not 1 <= size <= self._largest(key[0]):
            raise ValueError(f"no subsets of {size} items of {history} can be compared.")
        n = len(set(history))
        if greedy is None:
            return all_subsets(n, size)
        drawn = drawn_subsets(n, size, np.random.default_rng([self.seed, size, item, *history]))
        return np.vstack([drawn, np.array([_positions(key[0], greedy)], dtype=drawn.dtype)])

    def _greedy(self, keys: Sequence[_Key]) -> dict[_Key, tuple[int, ...]]:
        """A greedy set for each key: every step adds the item that raises the effect most."""
        chosen: dict[_Key, tuple[int, ...]] = dict.fromkeys(keys, ())
        while growing := [key for key in keys if len(chosen[key]) < key[1]]:
            options = [
                (key, (*chosen[key], item))
                for key in growing
                for item in distinct(key[0].history)
                if item not in chosen[key]
            ]
            values = self._signed([(key[0], subset) for key, subset in options])
            best: dict[_Key, float] = {}
            for (key, subset), value in zip(options, values.tolist(), strict=True):
                if value > best.get(key, -np.inf):
                    best[key], chosen[key] = value, subset
        return chosen

    def _signed(self, requests: Sequence[_Request]) -> np.ndarray:
        """The signed effect of each request's set of items: (R,)."""
        questions = list(dict.fromkeys(question for question, _ in requests))
        row = {question: i for i, question in enumerate(questions)}
        about = [question for question, _ in requests] * len(self.perturbs)
        histories = [q.history for q in questions]
        histories += [self._altered(perturb, *r) for perturb in self.perturbs for r in requests]
        measured = self._measured([*questions, *about], histories)
        before = measured[[row[question] for question, _ in requests]]
        after = measured[len(questions) :].reshape(len(self.perturbs), -1).mean(axis=0)
        sign = np.array([1.0 if question.label == "yes" else -1.0 for question, _ in requests])
        change = before - after
        return sign * (-change if self.kept else change)

    def _altered(self, perturb: Perturbation, question: Question, items: Sequence[int]) -> History:
        if not self.kept:
            return perturb(question.history, items)
        return perturb(question.history, set(question.history).difference(items))

    def _measured(self, questions: Sequence[Question], histories: Sequence[History]) -> np.ndarray:
        """The measure of each question's item given an altered history: (len(questions),)."""
        items = np.array([question.item for question in questions], dtype=np.intp)
        measured = np.empty(len(questions))
        for indices, scores in score_chunks(self.recommender, histories, self.num_items):
            originals = [questions[i].history for i in indices]
            measured[indices] = self.measure(scores, items[indices], originals)
        return measured


def _positions(question: Question, items: Collection[int]) -> list[int]:
    """Positions of the items in the distinct history, ascending."""
    order = {item: place for place, item in enumerate(distinct(question.history))}
    unknown = [item for item in items if item not in order]
    if unknown:
        raise ValueError(f"items {unknown} are cited but not in the history {question.history}.")
    return sorted({order[item] for item in items})


def are_few(n: int, size: int) -> bool:
    """Whether all subsets of `size` among `n` positions are evaluated."""
    return comb(n, size) <= EXHAUSTIVE


@lru_cache(maxsize=256)
def all_subsets(n: int, size: int) -> np.ndarray:
    """Every subset of `size` of the positions 0..n-1: (comb(n, size), size), rows ascending."""
    return np.array(list(combinations(range(n), size)), dtype=np.int16)


def drawn_subsets(n: int, size: int, rng: np.random.Generator) -> np.ndarray:
    """Uniform, independent draws of subsets of positions: (DRAWS, size), rows ascending."""
    orders = rng.permuted(np.tile(np.arange(n, dtype=np.int16), (DRAWS, 1)), axis=1)
    return np.sort(orders[:, :size], axis=1)
