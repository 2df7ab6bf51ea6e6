"""Generated worlds: items with titles, attributes and embeddings, and a user.

Each sequence has a new world, so questions can only be answered by reading the sequence.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

MAX_DIM = 64
"""Maximum width of recommender embeddings in pretraining; narrower ones are zero-padded."""
BACKGROUND = 32
"""Number of unlisted items in a world, which questions ask about."""
SYLLABLES = (
    "ba be bo ca co da de di do el en fa fi ga go ha hi in ja jo ka ke ki ko la le li lo ma me mi "
    "mo na ne ni no or pa pe po qua ra re ri ro sa se shi so ta te ti to tra ul va ve vi wa xi ya "
    "ze zi zo"
).split()
ITEM_LEADS = (
    *("Item:", "Next item:", "Asked:", "Candidate:", "Title:", "The item:", "Now:"),
    *("On offer:", "Asked item:"),
)
NUMBERS = ("", "two ", "three ", "four ", "five ")
ENDINGS = ("'s", ":", ",", "!", "?", ".", "s", "s'")
WORD_POOL = (12, 40)
"""Range of the number of words in worlds whose titles share words. There, copying a title takes
more than its last word."""
LEADS = ["History:", "Items:", "List:", "Liked so far:", "Past choices:", "The user picked:"]


@dataclass(frozen=True)
class Lexicon:
    """The words of generated worlds.

    words: words of titles.
    pieces: texts of single tokens, also lower case or without letters. They occur in some titles,
        so that every token is trained.
    values: attribute values.
    prose: words of prompts and explanations.
    """

    words: Sequence[str]
    pieces: Sequence[str]
    values: Sequence[str]
    prose: Sequence[str]


@dataclass
class World:
    """A generated world.

    items: (n + BACKGROUND, MAX_DIM) embeddings with unit root mean square; the first n are listed.
    titles, attributes: by row of `items`.
    user: (MAX_DIM,) the user's embedding.
    n: number of listed items.
    small: whether titles are single words without attributes.
    """

    items: np.ndarray
    titles: list[str]
    attributes: list[list[str]]
    user: np.ndarray
    n: int
    rng: np.random.Generator
    small: bool
    lexicon: Lexicon

    def similarity(self, vector: np.ndarray) -> np.ndarray:
        """Dot products of `vector` with every item."""
        return self.items @ vector


END = "<|end|>"
"""The end-of-text token, after every answer."""


@dataclass
class Text:
    """A sequence of text pieces and embeddings; `answers` marks pieces that belong to an answer."""

    pieces: list[str | np.ndarray] = field(default_factory=list)
    answers: list[bool] = field(default_factory=list)

    def add(self, *pieces: str | np.ndarray, answer: bool = False) -> None:
        self.pieces.extend(pieces)
        self.answers.extend([answer] * len(pieces))

    def answer(self, text: str) -> None:
        """Add an answer on a new line, as in fine-tuning."""
        self.add("\n")
        self.add(text + END, answer=True)


def draw_world(lexicon: Lexicon, rng: np.random.Generator, small: bool) -> World:
    """A world whose items form clusters in a random subspace; attributes depend on the cluster.

    A small world lists a few items without attributes; the model learns look-ups there first.
    """
    n = int(rng.integers(3, 7)) if small else int(rng.integers(4, 13))
    total = n + BACKGROUND
    dim = int(rng.choice([24, 32, 48, 64]))
    clusters = int(rng.integers(3, 10))
    spectrum = np.exp(-rng.uniform(0, 2.5) * np.arange(dim) / dim)
    centres = rng.normal(size=(clusters, dim)) * spectrum
    cluster = rng.integers(clusters, size=total)
    spread = rng.uniform(0.3, 1.2)
    items = centres[cluster] + spread * rng.normal(size=(total, dim)) * spectrum
    items = items @ np.linalg.qr(rng.normal(size=(dim, dim)))[0]
    items -= items.mean(0)
    items /= np.sqrt((items**2).mean())
    pad = [(0, 0), (0, MAX_DIM - dim)]
    vocabulary = rng.choice(lexicon.values, size=2 * clusters, replace=False)
    attributes = [
        _attributes(int(c), vocabulary, clusters, rng) if rng.random() < 0.95 and not small else []
        for c in cluster
    ]
    titles = draw_titles(total, lexicon, rng, small)
    items, user = np.pad(items, pad), np.pad(draw_user(items[:n], rng), pad[1])
    return World(items, titles, attributes, user, n, rng, small, lexicon)


def draw_user(history: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A user's embedding (dim,): a noisy mean of the history (n, dim), weighted to late items."""
    weights = rng.dirichlet(np.full(len(history), 0.5))
    weights *= np.linspace(1, rng.uniform(1, 3), len(history))
    user = weights @ history + rng.uniform(0.05, 0.3) * rng.normal(size=history.shape[1])
    return user / np.sqrt((user**2).mean())


def _attributes(
    cluster: int, vocabulary: np.ndarray, clusters: int, rng: np.random.Generator
) -> list[str]:
    own = vocabulary[cluster] if rng.random() < 0.8 else vocabulary[rng.integers(clusters)]
    others = rng.choice(vocabulary[clusters:], size=int(rng.integers(1, 3)), replace=False)
    return [str(own), *map(str, others)]


def draw_titles(
    count: int, lexicon: Lexicon, rng: np.random.Generator, small: bool = False
) -> list[str]:
    """Distinct titles: single words if `small`, else in most worlds from a small set of words.

    In a quarter of the larger worlds each title ends with a year, as in film catalogues.
    """
    titles: dict[str, None] = {}
    write = _word if small else _title
    if not small and rng.random() < 0.65:
        pool = rng.choice(lexicon.words, size=int(rng.integers(*WORD_POOL)), replace=False).tolist()
        pool += [_new_word(lexicon, rng) for _ in range(int(rng.integers(len(pool))))]
        lexicon, write = replace(lexicon, words=pool), _plain_title
    dated = not small and rng.random() < 0.25
    while len(titles) < count:
        title = write(lexicon, rng)
        titles[f"{title} ({rng.integers(1940, 2025)})" if dated else title] = None
    return list(titles)


def _title(lexicon: Lexicon, rng: np.random.Generator) -> str:
    length = int(rng.choice([1, 2, 3, 4, 6], p=[0.08, 0.5, 0.25, 0.12, 0.05]))
    parts = [_word(lexicon, rng) for _ in range(length)]
    if rng.random() < 0.25:
        parts.insert(0, "The")
    elif length > 1 and rng.random() < 0.15:
        parts.insert(1, str(rng.choice(["of", "of the", "and", "in the", "for"])))
    if rng.random() < 0.12:
        parts.append(str(rng.choice(["2", "3", "II", "III", "4", "X", "HD", "64"])))
    if rng.random() < 0.1:
        parts.append(f"({rng.integers(1940, 2025)})")
    if rng.random() < 0.05:
        parts.append(f"- {_word(lexicon, rng)} {_word(lexicon, rng)}")
    return " ".join(parts)


def _plain_title(lexicon: Lexicon, rng: np.random.Generator) -> str:
    words = rng.choice(lexicon.words, size=2 + int(rng.random() < 0.1))
    return " ".join(["The"] * int(rng.random() < 0.3) + [str(word).capitalize() for word in words])


def _word(lexicon: Lexicon, rng: np.random.Generator) -> str:
    kind = rng.random()
    if kind < 0.1:
        return "".join(rng.choice(SYLLABLES, size=int(rng.integers(2, 4)))).capitalize()
    if kind < 0.15:
        return lexicon.pieces[int(rng.integers(len(lexicon.pieces)))]
    if kind < 0.35:
        return _new_word(lexicon, rng)
    word = lexicon.words[int(rng.integers(len(lexicon.words)))].capitalize()
    return word + ENDINGS[int(rng.integers(len(ENDINGS)))] if rng.random() < 0.06 else word


def _new_word(lexicon: Lexicon, rng: np.random.Generator) -> str:
    """Two or three pieces joined: an unknown name of several tokens."""
    chosen = rng.integers(len(lexicon.pieces), size=int(rng.integers(2, 4)))
    word = "".join(lexicon.pieces[i] for i in chosen)
    return word[:1].upper() + word[1:]


def show(seq: Text, world: World, i: int, embedded: bool = True) -> None:
    """Add an item in the form used everywhere: embedding, title, attributes."""
    if embedded:
        seq.add(world.items[i], " ")
    seq.add(f'"{world.titles[i]}"')
    if world.attributes[i]:
        seq.add(f" ({', '.join(world.attributes[i])})")


def quoted(world: World, items: Sequence[int]) -> str:
    return "; ".join(f'"{world.titles[i]}"' for i in items)


def judge(world: World, user: np.ndarray) -> tuple[int, bool]:
    """An unlisted item, and whether it is in the user's top fifth or in the bottom half."""
    scores = world.similarity(user)
    share = scores.argsort().argsort() / (len(scores) - 1)
    unlisted = np.arange(len(scores)) >= world.n
    pools = {
        True: np.flatnonzero(unlisted & (share >= 0.8)),
        False: np.flatnonzero(unlisted & (share <= 0.5)),
    }
    yes = bool(world.rng.random() < 0.5)
    yes = yes if len(pools[yes]) else not yes
    return int(world.rng.choice(pools[yes])), yes
