"""The project's own prompts about generated worlds, for the last stage of pretraining.

A world here is a small catalogue, whose embeddings are sums of attribute vectors (some attributes
matter much, others not at all), and a recommender that averages the history. The code of real runs
writes its prompts, answers and explanations, so that fine-tuning starts with a model that knows the
questions. Each world is used for one or a few sequences. The recommenders that runs explain are not
among them.
"""

import re
from collections.abc import Iterator, Sequence

import numpy as np

from rl_explain.data.catalogue import Catalogue
from rl_explain.explainer.embedding_tables import EmbeddingTables, build_embedding_tables
from rl_explain.tasks.build import build_examples
from rl_explain.tasks.context import TaskContext
from rl_explain.tasks.discrimination import similar
from rl_explain.tasks.examples import Example
from rl_explain.tasks.history_lookups import influence_examples, neighbour_examples
from rl_explain.tasks.prompts import Prompts
from rl_explain.tasks.user_histories import UserHistories, UserHistory
from rl_explain.teacher.template import Teacher
from tools.tiny_base.worlds import MAX_DIM, Lexicon, Text, draw_titles

ITEMS, STATES = 64, 8
LONGEST = 10
"""Maximum number of items in a history."""
COUNTS = {"explanation": 24, "classification": 6, "ranking": 4, "instruction": 1}
LOOKUPS = 8
"""Questions per world about neighbours in histories, and as many about influence."""
VIRTUAL = re.compile(r"<\|(item|user)_(\d+)(?:_(\d+))?\|>")


class Averaging:
    """A recommender whose scores are dot products with a weighted mean of the history.

    Recent items and items similar to the last one weigh more, by strengths drawn for each world.
    """

    fingerprint = "generated"
    max_history = LONGEST

    def __init__(self, items: np.ndarray, rng: np.random.Generator) -> None:
        self._items = np.float32(items)
        self.num_items, self.dim = items.shape
        self._recency, self._likeness = rng.uniform(0, 0.3), rng.uniform(0, 1)

    def item_embeddings(self) -> np.ndarray:
        return self._items

    def user_embeddings(self, histories: Sequence[Sequence[int]]) -> np.ndarray:
        return np.stack([self._user(list(history)) for history in histories])

    def score(self, histories: Sequence[Sequence[int]]) -> np.ndarray:
        return self.user_embeddings(histories) @ self._items.T

    def _user(self, history: list[int]) -> np.ndarray:
        shown = self._items[history]
        like = shown @ shown[-1] / self.dim
        weight = np.exp(self._recency * np.arange(len(history)) + self._likeness * like)
        return np.float32(weight / weight.sum()) @ shown


def write_prompts(lexicon: Lexicon, rng: np.random.Generator) -> Iterator[Text]:
    """Endless questions with answers, world after world, in random order within a world."""
    while True:
        context, tables = _draw(lexicon, rng)
        examples = _questions(context, rng)
        for i in rng.permutation(len(examples)):
            yield _text(examples[i], tables)


def _draw(lexicon: Lexicon, rng: np.random.Generator) -> tuple[TaskContext, EmbeddingTables]:
    """A world, and the embedding tables of its items and users."""
    embeddings, attributes = _items(lexicon.values, rng)
    if rng.random() < 0.3:  # catalogues without attributes
        attributes = [{} for _ in attributes]
    titles = draw_titles(ITEMS, lexicon, rng)
    catalogue = Catalogue(tuple(map(str, range(ITEMS))), tuple(titles), tuple(attributes))
    recommender = Averaging(embeddings, rng)
    drawn = [_history(embeddings, rng) for _ in range(STATES)]
    users = tuple(UserHistory(user, history) for user, history in enumerate(drawn))
    histories = UserHistories(users, tuple(range(STATES)), (), ())
    verdict = "first" if rng.random() < 0.85 else "last"
    contributions = rng.random() < 0.7
    prompts = Prompts(catalogue, verdict=verdict, contributions=contributions)
    tables = build_embedding_tables(recommender, drawn, LONGEST if contributions else 0)
    return TaskContext(catalogue, histories, recommender, prompts), tables


def _items(
    values: Sequence[str], rng: np.random.Generator
) -> tuple[np.ndarray, list[dict[str, tuple[str, ...]]]]:
    """Embeddings (ITEMS, dim), sums of attribute value vectors and noise; and the attributes."""
    dim = int(rng.choice([32, 48, 64]))
    embeddings = rng.uniform(0.3, 0.8) * rng.normal(size=(ITEMS, dim))
    attributes: list[dict[str, tuple[str, ...]]] = [{} for _ in range(ITEMS)]
    sizes = rng.integers(3, 10, size=int(rng.integers(1, 4)))
    drawn = np.split(rng.choice(values, size=sizes.sum(), replace=False), np.cumsum(sizes)[:-1])
    for number, group in enumerate(drawn):
        vectors = rng.uniform(0, 1.2) * rng.normal(size=(len(group), dim))
        chosen = rng.integers(len(group), size=ITEMS)
        embeddings += vectors[chosen]
        for item, value in enumerate(chosen):
            attributes[item][f"group {number}"] = (str(group[value]),)
    return embeddings, attributes


def _history(embeddings: np.ndarray, rng: np.random.Generator) -> tuple[int, ...]:
    """Distinct item rows, mostly similar to one or two anchor items."""
    anchors = rng.choice(ITEMS, size=2)
    likeness = (embeddings @ embeddings[anchors].T / embeddings.shape[1]).max(axis=1)
    chance = np.exp(rng.uniform(1, 4) * likeness)
    size = int(rng.integers(3, LONGEST + 1))
    return tuple(rng.choice(ITEMS, size, replace=False, p=chance / chance.sum()).tolist())


def _questions(context: TaskContext, rng: np.random.Generator) -> list[Example]:
    """Questions that the prompt alone can answer: none asks for titles that it does not show."""
    places = context.user_histories.train
    form = ["hybrid"] if rng.random() < 0.85 else ["behaviour"]
    teacher = Teacher(context.catalogue, context.prompts.verdict, 0.0, int(rng.integers(2**31)))
    examples = build_examples(context, places, COUNTS, form, int(rng.integers(2**31)), teacher)
    examples += neighbour_examples(context, places, LOOKUPS, form, rng)
    examples += influence_examples(context, places, LOOKUPS, form, rng)
    return examples + [similar(context, form[0], rng) for _ in range(2)]


def _text(example: Example, tables: EmbeddingTables) -> Text:
    """The prompt, with embeddings in place of virtual tokens, and the answer."""
    text, prompt, end = Text(), example.prompt, 0
    for match in VIRTUAL.finditer(prompt):
        number, place = int(match[2]), match[3]
        if match[1] == "item":
            row = tables.item_table[number].numpy()
        else:
            row = tables.user_table[number, 0 if place is None else 1 + int(place)].numpy()
        text.add(prompt[end : match.start()], np.pad(row, (0, MAX_DIM - len(row))))
        end = match.end()
    text.add(prompt[end:])
    text.answer(example.completion)
    return text
