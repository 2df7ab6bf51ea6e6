"""Citation baselines: the right verdict and the teacher's sentences around items that a rule chose.

They show how much of a score a citation rule reaches without a language model. Their texts go
through the code that scores a model's. `rules.py` lists them with their costs.
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
"""Questions and how many items to cite of each -> the cited items, each once, the most important
first."""
UNORDERED = "oracle"
"""The baseline that chooses a set of each size afresh, and so gives no order of importance."""


class CitationBaselines:
    """Chooses by chance, recency, popularity, likeness to the item or influence on it.

    `contribution_dot` reads the contribution vectors that prompts show: it cites the items whose
    vectors have the largest dot product with the asked item's embedding. `leave_one_out` cites what
    moves the item most by itself, `shap` what moves it most on average over what else is there,
    `greedy` what moves it most once the items cited before are gone. `oracle` takes the best subset
    of the size it may cite. For a no item all of them cite what speaks against it.

    Args:
        recommender: whose item embeddings `most_similar` compares: cosine, after centring, since
            the mean embedding mostly holds what all items share.
        context: whose effects by deletion `oracle` maximises, over the subsets that the
            faithfulness score is normalised by; so its score is 1 wherever a case is well-posed.
        interactions: whose training part `popularity` counts.
        seed: of `random`.
        measure: of the recommender's score that `leave_one_out`, `shap` and `greedy` move.
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
        """All distinct items of each history in a baseline's order, for all but `UNORDERED`."""
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
        items = items - items.mean(axis=0)  # as in the embedding table that prompts show
        chosen = []
        for q, of, k in zip(questions, vectors, sizes, strict=True):
            # An item's contribution is the same at each of its places.
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
            left = self._scores_without([(questions[i], gone) for i, gone in options])
            best: dict[int, History] = {}
            for row in np.argsort(left, kind="stable"):  # NaN, where nothing is left, comes last
                best.setdefault(*options[row])
            for i, gone in best.items():
                taken[i] = gone
        return taken

    def _scores_without(self, requests: Sequence[tuple[Question, History]]) -> np.ndarray:
        """How much the recommender is for the label without some items: (len(requests),)."""
        parts = [Part(q.history, q.item, set(q.history).difference(gone)) for q, gone in requests]
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
    """The items by how much `values` (N,) speak for the question's label, the most first."""
    signed = values if asked.label == "yes" else -values
    return tuple(items[place] for place in np.argsort(-signed, kind="stable"))


def item_directions(recommender: Recommender) -> np.ndarray:
    """Item embeddings, centred and at length one, whose products are cosines: (num_items, dim)."""
    centred = recommender.item_embeddings() - recommender.item_embeddings().mean(axis=0)
    lengths = np.linalg.norm(centred, axis=1, keepdims=True)
    return centred / np.where(lengths > 0, lengths, 1.0)


def reasons_allowed(example: Example) -> int:
    """Items that a baseline cites: as many as it is scored for."""
    return reasons_scored(example.reasons, len(set(example.history)))


def baseline_texts(
    choose: Choose,
    examples: Sequence[Example],
    catalogue: Catalogue,
    verdict: str = "first",
    seed: int = 0,
) -> list[str]:
    """Explanations with the recommender's own verdict that cite what `choose` chooses.

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
