"""A small world: a linear recommender, whose effects a test can work out by loops."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reward_models.context import RewardContext
from rl_explain.data.catalogue import Catalogue
from rl_explain.data.interactions import Interactions
from rl_explain.tasks.examples import Example

NUM_ITEMS, NUM_USERS = 24, 14
THEMES = ("seafaring", "culinary", "magical")


class LinearRecommender:
    """A user is the sum of the history's embeddings, an entry `t` steps back times 0.8 ** t."""

    num_items, dim, max_history, fingerprint = NUM_ITEMS, 5, 10, "linear"

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.taken = rng.normal(size=(NUM_ITEMS, self.dim))
        self.shown = rng.normal(size=(NUM_ITEMS, self.dim))

    def user_embeddings(self, histories: Sequence[Sequence[int]]) -> np.ndarray:
        return np.stack([self._user(history) for history in histories])

    def _user(self, history: Sequence[int]) -> np.ndarray:
        steps = enumerate(reversed(history))
        return sum((0.8**t * self.taken[i] for t, i in steps if i >= 0), np.zeros(self.dim))

    def item_embeddings(self) -> np.ndarray:
        return self.shown

    def score(self, histories: Sequence[Sequence[int]]) -> np.ndarray:
        return self.user_embeddings(histories) @ self.shown.T


@dataclass(frozen=True)
class World:
    recommender: LinearRecommender
    interactions: Interactions
    context: RewardContext
    examples: list[Example]
    """A yes and a no explanation question for each user."""


def slow_percentile(scores: np.ndarray, item: int, original: Sequence[int]) -> float:
    others = [i for i in range(len(scores)) if i != item and i not in original]
    below = sum(scores[i] < scores[item] for i in others)
    ties = sum(scores[i] == scores[item] for i in others)
    return (below + ties / 2) / len(others)


def explanation(user: int, history: tuple[int, ...], item: int, label: str, n: int) -> Example:
    prompt = f"explain {user} {item} {n}"
    return Example("explanation", "hybrid", prompt, "", user, user, history, item, label, reasons=n)


def build_world() -> World:
    """14 users with histories of three to nine items."""
    rng = np.random.default_rng(7)
    recommender = LinearRecommender(0)
    titles = tuple(f"Title Number {chr(65 + i)}{chr(97 + i)}" for i in range(NUM_ITEMS))
    attributes = tuple({"theme": (THEMES[i % 3],)} for i in range(NUM_ITEMS))
    catalogue = Catalogue(tuple(map(str, range(NUM_ITEMS))), titles, attributes)
    lengths = [3 + user % 7 for user in range(NUM_USERS)]
    sequences = tuple(tuple(rng.permutation(NUM_ITEMS)[:n].tolist()) for n in lengths)
    causes = tuple((("theme", THEMES[user % 3]),) for user in range(NUM_USERS))
    interactions = Interactions(catalogue, tuple(map(str, range(NUM_USERS))), sequences, causes)
    examples = []
    for user, history in enumerate(sequences):
        scores = recommender.score([history])[0]
        standing = {
            i: slow_percentile(scores, i, history) for i in set(range(NUM_ITEMS)) - {*history}
        }
        yes = [i for i, p in standing.items() if p >= 0.8]
        no = [i for i, p in standing.items() if p <= 0.5]
        reasons = min(1 + (user + 2) % 3, max(1, len(history) // 3))
        examples.append(explanation(user, history, int(rng.choice(yes)), "yes", reasons))
        examples.append(explanation(user, history, int(rng.choice(no)), "no", reasons))
    context = RewardContext(titles, attributes, recommender)
    return World(recommender, interactions, context, examples)
