"""Citation baselines: the right verdict and the teacher's sentences about items chosen by a rule.

They show what score a citation rule reaches without a language model. The same code scores their
texts and a model's. `rules.py` lists them with their costs.
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from reward_models.context import RewardContext
from reward_models.faithfulness import reasons_scored
from reward_models.perturb.effects import Measure, Question, distinct
from reward_models.perturb.measures import percentile
from reward_models.types import History
from rl_explain.data.catalogue import Catalogue
from rl_explain.data.interactions import Interactions
from rl_explain.evaluation.cases import question
from rl_explain.evaluation.partial_histories import Part, partial_history_scores
from rl_explain.evaluation.shapley import shapley_orders
from rl_explain.explainer.embedding_tables import contributions
from rl_explain.recommenders.next_item import popularity
from rl_explain.recommenders.protocol import Recommender
from rl_explain.tasks.examples import Example
from rl_explain.teacher.influence import by_influence, leave_one_out
from rl_explain.teacher.writer import Writer

Choose: TypeAlias = Callable[[Sequence[Question], Sequence[int]], list[History]]
"""Questions and the number of items to cite for each -> the cited items, each once, most important
first."""
UNORDERED = "oracle"
"""The baseline that chooses a new set for each size, so it has no order of importance."""


class CitationBaselines:
    """Choose items at random, or by recency, popularity, similarity to the item or influence on it.

    `contribution_dot` reads the contribution vectors that prompts show: it cites the items whose
    vectors have the largest dot product with the asked item's embedding. `leave_one_out` cites the
    items whose removal alone moves the asked item most, `shap` those with the largest Shapley
    values. `greedy` adds the item whose removal moves it most after the items cited so far are
    removed. `oracle` takes the best subset of the allowed size. For a no item, these rules cite the
    items that speak against it.

    Args:
        recommender: `most_similar` compares its item embeddings by cosine, after centring, because
            the mean embedding mostly encodes what all items share.
        context: `oracle` maximises its deletion effects over the subsets that normalise the
            faithfulness score, so its score is 1 in every well-posed case.
        interactions: `popularity` counts the training part.
        seed: seed of `random`, and of `shap` where it samples.
        measure: measure of the recommender's scores for `leave_one_out`, `shap` and `greedy`.
    """

    def __init__(
        self,
        recommender: Recommender,
        context: RewardContext,
        interactions: Interactions,
        seed: int = 0,
        measure: Measure = percentile,
    ) -> None:
        self._directions = item_directions(recommender)
        self._recommender = recommender
        self._context = context
        train = [sequence[:-2] for sequence in interactions.sequences]
        self._popularity = popularity(train, recommender.num_items)([()])[0]  # (num_items,)
        self._seed = seed
        self._measure = measure
        self.choose: dict[str, Choose] = {
            "random": self._random,
            "last_k": self._last_k,
            "popularity": self._most_popular,
            "most_similar": self._most_similar,
            "contribution_dot": self._contribution_dot,
            "leave_one_out": self._leave_one_out,
            "shap": self._shap,
            "greedy": self._greedy,
            "oracle": self._oracle,
        }

    def orders(self, name: str, questions: Sequence[Question]) -> list[History]:
        """All distinct items of each history in a baseline's order; not for `UNORDERED`."""
        return self.choose[name](questions, [len(set(q.history)) for q in questions])

    def _random(self, questions: Sequence[Question], sizes: Sequence[int]) -> list[History]:
        rng = np.random.default_rng(self._seed)
        return [
            tuple(rng.permutation(distinct(q.history))[:k].tolist())
            for q, k in zip(questions, sizes, strict=True)
        ]

    def _last_k(self, questions: Sequence[Question], sizes: Sequence[int]) -> list[History]:
        return [distinct(q.history[::-1])[:k] for q, k in zip(questions, sizes, strict=True)]

    def _most_popular(self, questions: Sequence[Question], sizes: Sequence[int]) -> list[History]:
        return [
            tuple(sorted(distinct(q.history), key=lambda item: -self._popularity[item])[:k])
            for q, k in zip(questions, sizes, strict=True)
        ]

    def _most_similar(self, questions: Sequence[Question], sizes: Sequence[int]) -> list[History]:
        return [self._nearest(q)[:k] for q, k in zip(questions, sizes, strict=True)]

    def _nearest(self, asked: Question) -> History:
        items = distinct(asked.history)
        return _largest(items, self._directions[list(items)] @ self._directions[asked.item], asked)

    def _contribution_dot(
        self, questions: Sequence[Question], sizes: Sequence[int]
    ) -> list[History]:
        histories = [q.history for q in questions]
        longest = max(map(len, histories), default=0)
        embeddings = self._recommender.user_embeddings(histories) if histories else np.zeros((0, 1))
        vectors = contributions(self._recommender, histories, embeddings, longest)  # (B, T, dim)
        items = self._recommender.item_embeddings()
        items = items - items.mean(axis=0)  # as in the embedding tables of prompts
        chosen = []
        for q, of, k in zip(questions, vectors, sizes, strict=True):
            # An item has the same contribution at each of its positions.
            at = [q.history.index(item) for item in distinct(q.history)]
            chosen.append(_largest(distinct(q.history), of[at] @ items[q.item], q)[:k])
        return chosen

    def _leave_one_out(self, questions: Sequence[Question], sizes: Sequence[int]) -> list[History]:
        influences = leave_one_out(self._recommender, questions, self._measure)
        return [tuple(by_influence(i)[:k]) for i, k in zip(influences, sizes, strict=True)]

    def _shap(self, questions: Sequence[Question], sizes: Sequence[int]) -> list[History]:
        num_items = len(self._context.titles)
        orders = shapley_orders(self._recommender, num_items, questions, self._measure, self._seed)
        return [order[:k] for order, k in zip(orders, sizes, strict=True)]

    def _greedy(self, questions: Sequence[Question], sizes: Sequence[int]) -> list[History]:
        taken: list[History] = [()] * len(questions)
        while growing := [i for i, k in enumerate(sizes) if len(taken[i]) < k]:
            options = [
                (i, (*taken[i], item))
                for i in growing
                for item in distinct(questions[i].history)
                if item not in taken[i]
            ]
            left = self._scores_without([(questions[i], removed) for i, removed in options])
            best: dict[int, History] = {}
            for row in np.argsort(left, kind="stable"):  # NaN (nothing is left) comes last
                best.setdefault(*options[row])
            for i, removed in best.items():
                taken[i] = removed
        return taken

    def _scores_without(self, requests: Sequence[tuple[Question, History]]) -> np.ndarray:
        """The measure without some items, negated for a no: (len(requests),)."""
        parts = [
            Part(q.history, q.item, set(q.history).difference(removed)) for q, removed in requests
        ]
        num_items = len(self._context.titles)
        (found,) = partial_history_scores(self._recommender, num_items, parts, [self._measure])
        return found * [1.0 if q.label == "yes" else -1.0 for q, _ in requests]

    def _oracle(self, questions: Sequence[Question], sizes: Sequence[int]) -> list[History]:
        pools = self._context.effects.pools(questions, sizes)
        best = [pool.subsets[pool.effects.argmax()] for pool in pools]
        return [
            tuple(distinct(q.history)[position] for position in positions)
            for q, positions in zip(questions, best, strict=True)
        ]


def _largest(items: History, values: np.ndarray, asked: Question) -> History:
    """The items sorted by how much `values` (N,) support the question's label, most first."""
    signed = values if asked.label == "yes" else -values
    return tuple(items[place] for place in np.argsort(-signed, kind="stable"))


def item_directions(recommender: Recommender) -> np.ndarray:
    """Item embeddings, centred and of unit length, whose products are cosines: (num_items, dim)."""
    centred = recommender.item_embeddings() - recommender.item_embeddings().mean(axis=0)
    lengths = np.linalg.norm(centred, axis=1, keepdims=True)
    return centred / np.where(lengths > 0, lengths, 1.0)


def reasons_allowed(example: Example) -> int:
    """Number of items that a baseline cites: the number that it is scored for."""
    return reasons_scored(example.reasons, len(set(example.history)))


def baseline_texts(
    choose: Choose,
    examples: Sequence[Example],
    catalogue: Catalogue,
    verdict: str = "first",
    seed: int = 0,
) -> list[str]:
    """Explanations with the recommender's own verdict that cite the items that `choose` returns.

    Args:
        examples: explanation questions with a label.
        seed: of the wording; the same for every baseline, so that only citations differ.
    """
    questions = [question(example) for example in examples]
    cited = choose(questions, [reasons_allowed(example) for example in examples])
    writer = Writer(catalogue, verdict)
    return [
        writer.write(q.item, q.label, items, np.random.default_rng((seed, place)))
        for place, (q, items) in enumerate(zip(questions, cited, strict=True))
    ]
