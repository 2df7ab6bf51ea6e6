"""Generated text for pretraining the tiny base model: small worlds full of look-ups.

A world is a list of items, each shown once as `<embedding> "Title" (attributes)`, and a user. What
follows are questions about it, many in every sequence, because a single question a sequence leaves
a small model at chance: which listed item lies closest to this embedding, what do the two share,
would this user like it, sort these, copy those. Titles, attributes and embeddings are drawn anew
for each sequence, so the only way to answer is to read.

No prompt, no sentence of the teacher and no catalogue of the project appears here; the words that
prompts, titles and explanations are made of do, so that their embeddings are trained.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

MAX_DIM = 64
"""Widest recommender embedding that pretraining shows; narrower ones are padded with zeros."""
BACKGROUND = 32
"""Items of a world that are not listed: questions ask about them."""
SYLLABLES = (
    "ba be bo ca co da de di do el en fa fi ga go ha hi in ja jo ka ke ki ko la le li lo ma me mi "
    "mo na ne ni no or pa pe po qua ra re ri ro sa se shi so ta te ti to tra ul va ve vi wa xi ya "
    "ze zi zo"
).split()
SENTENCES = (
    "{a} comes nearest to {q}.",
    "{q} has {a} as its neighbour in the list.",
    "{a} and {b} are the two nearest to {q}.",
    "Next to {q} stand {a}, {b} and {c}.",
    "{q} is like {a}, and {s} is what they share.",
    "Both {a} and {q} are {s}.",
    "{q} resembles {a} and {b} more than other items.",
    "Far away from {q} lies {z}.",
    "{z} is not like {q}; {a} is.",
    "The items nearest to {q}: {a} first, then {b}.",
    "Look at {a}: it is close to {q}, unlike {z}.",
    "One neighbour of {q} is {a}. It is {s}.",
    "With {s} in both, {q} and {a} belong together.",
    "{a}, {b} and {c} are near {q}, {z} is not.",
)
"""Sentences about what lies close: `q` an unlisted item, `a`, `b`, `c` the closest listed ones,
`z` the furthest, `s` an attribute that `q` and `a` share."""
ITEM_LEADS = (
    *("Item:", "Next item:", "Asked:", "Candidate:", "Title:", "The item:", "Now:"),
    *("On offer:", "Asked item:"),
)
NUMBERS = ("", "two ", "three ")
ENDINGS = ("'s", ":", ",", "!", "?", ".", "s", "s'")
PAIRED = 0.3
"""Share of the sequences that hold lists of pairs and nothing else."""
JUDGED = 0.15
"""Share of the sequences that hold verdicts and nothing else."""
WORD_POOL = (12, 40)
"""Words of a world whose titles share words, so that copying one takes more than its last word."""
LEADS = ["History:", "Items:", "List:", "Liked so far:", "Past choices:", "The user picked:"]


@dataclass(frozen=True)
class Lexicon:
    """What worlds are written with.

    `words` make titles; `pieces`, in small letters or no letters at all, stand in them now and
    then, so that every token of the vocabulary has been read and written; `values` are
    attributes; `prose` holds the words of prompts and explanations.
    """

    words: Sequence[str]
    pieces: Sequence[str]
    values: Sequence[str]
    prose: Sequence[str]


@dataclass
class World:
    """Embeddings have unit root mean square; rows 0..n-1 of `items` are the listed ones."""

    items: np.ndarray  # (n + BACKGROUND, MAX_DIM)
    titles: list[str]
    attributes: list[list[str]]
    user: np.ndarray  # (MAX_DIM,)
    n: int
    rng: np.random.Generator
    small: bool
    lexicon: Lexicon

    def similarity(self, vector: np.ndarray) -> np.ndarray:
        """Dot products of `vector` with every item."""
        return self.items @ vector


END = "<|end|>"
"""Ends an answer, as it ends the model's texts."""


@dataclass
class Text:
    """Text pieces, embeddings among them, and for each whether it belongs to an answer."""

    pieces: list[str | np.ndarray] = field(default_factory=list)
    answers: list[bool] = field(default_factory=list)

    def add(self, *pieces: str | np.ndarray, answer: bool = False) -> None:
        self.pieces.extend(pieces)
        self.answers.extend([answer] * len(pieces))

    def answer(self, text: str) -> None:
        """An answer on a line of its own, as fine-tuning has it."""
        self.add("\n")
        self.add(text + END, answer=True)


def draw_world(lexicon: Lexicon, rng: np.random.Generator, small: bool) -> World:
    """A world whose items form clusters in a random subspace, attributes following clusters.

    A small world lists a few items without attributes: looking up is learned there first.
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
    items, user = np.pad(items, pad), np.pad(_draw_user(items[:n], rng), pad[1])
    return World(items, titles, attributes, user, n, rng, small, lexicon)


def _draw_user(history: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A user's embedding (dim,): a noisy mean of the history (n, dim), late items counting more."""
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
    """Different titles; one word each where `small`, else in most worlds from few words."""
    titles: dict[str, None] = {}
    write = _word if small else _title
    if not small and rng.random() < 0.65:
        pool = rng.choice(lexicon.words, size=int(rng.integers(*WORD_POOL)), replace=False)
        lexicon, write = replace(lexicon, words=pool.tolist()), _plain_title
    while len(titles) < count:
        titles[write(lexicon, rng)] = None
    return list(titles)


def _title(lexicon: Lexicon, rng: np.random.Generator) -> str:
    length = int(rng.choice([1, 2, 3, 4], p=[0.08, 0.55, 0.27, 0.1]))
    parts = [_word(lexicon, rng) for _ in range(length)]
    if rng.random() < 0.25:
        parts.insert(0, "The")
    elif length > 1 and rng.random() < 0.15:
        parts.insert(1, str(rng.choice(["of", "of the", "and", "in the", "for"])))
    if rng.random() < 0.12:
        parts.append(str(rng.choice(["2", "3", "II", "III", "4", "X", "HD", "64"])))
    if rng.random() < 0.15:
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
    word = lexicon.words[int(rng.integers(len(lexicon.words)))].capitalize()
    return word + ENDINGS[int(rng.integers(len(ENDINGS)))] if rng.random() < 0.06 else word


def write_sequence(world: World, questions: int) -> Text:
    """Pairs, or verdicts, or the world's list and `questions` questions with their answers."""
    kind = world.rng.random()
    if kind < PAIRED:
        return _pairs(world)
    if kind < PAIRED + JUDGED:
        return _verdicts(world)
    rng, seq = world.rng, Text()
    form = "hybrid" if world.small else str(rng.choice(["hybrid", "titles"], p=[0.9, 0.1]))
    seq.add(str(rng.choice(LEADS)))
    for i in range(world.n):
        seq.add(";" if i else "", " ")
        _show(seq, world, i, form == "hybrid")
    if form == "hybrid" and rng.random() < 0.8:
        seq.add(" ", world.user)
    seq.add("\n")
    ask = FIRST if world.small else EMBEDDED if form == "hybrid" else TITLED
    names, weights = list(ask), np.array([weight for _, weight in ask.values()])
    favourite = int(rng.integers(len(names)))
    for _ in range(questions):
        # A sequence leans on one kind of question: many look-ups of a kind teach the kind.
        index = (
            favourite if rng.random() < 0.5 else rng.choice(len(names), p=weights / sum(weights))
        )
        ask[names[index]][0](seq, world)
    return seq


def _pairs(world: World) -> Text:
    """Lists of unlisted items, an asked one's embedding beside each: which are most like it, and
    what do they share?

    Prompts about one item show histories so. Every title of an answer is a look-up of its own.
    """
    rng, seq = world.rng, Text()
    unlisted = rng.permutation(np.arange(world.n, len(world.items))).tolist()
    while len(unlisted) > 7:
        asked, *listed = (unlisted.pop() for _ in range(int(rng.integers(4, 9))))
        order = [listed[i] for i in np.argsort(-world.similarity(world.items[asked])[listed])]
        answers = [("closest", order), ("least close", order[::-1])]
        (first, ranked), (second, reverse) = answers if rng.random() < 0.5 else answers[::-1]
        k = int(rng.integers(1, 4))
        seq.add(f"List {NUMBERS[k - 1]}{first}.\n{ITEM_LEADS[int(rng.integers(len(ITEM_LEADS)))]} ")
        _show(seq, world, asked)
        seq.add(f"\n{LEADS[int(rng.integers(len(LEADS)))]}")
        for place, i in enumerate(listed):
            seq.add(";" if place else "", " ", world.items[asked], " ")
            _show(seq, world, i)
        seq.add(" ", world.user, " ", world.items[asked])
        seq.answer(_quoted(world, ranked[:k]))
        seq.add(f"List {NUMBERS[1]}{second}.")
        seq.answer(_quoted(world, reverse[:2]))
        for i in [] if world.small else rng.permutation(listed)[:3].tolist():
            both = rng.random() < 0.6
            values = [v for v in world.attributes[i] if (v in world.attributes[asked]) == both]
            seq.add(f'"{world.titles[i]}" {"shares" if both else "alone is"}')
            seq.answer(" and ".join(values) or "nothing")
    return seq


def _show(seq: Text, world: World, i: int, embedded: bool = True) -> None:
    """An item in the one form that items have everywhere."""
    if embedded:
        seq.add(world.items[i], " ")
    seq.add(f'"{world.titles[i]}"')
    if world.attributes[i]:
        seq.add(f" ({', '.join(world.attributes[i])})")


def _ask(seq: Text, world: World, i: int, titled: float, user: bool = False) -> None:
    """An unlisted item: with title and attributes at rate `titled`, else its embedding alone.

    Args:
        user: whether it stands behind the user's embedding.
    """
    if user:
        seq.add(world.user, " ")
    if world.rng.random() < titled:
        _show(seq, world, i)
    else:
        seq.add(world.items[i])


def _pose(seq: Text, world: World, item: int, cue: str, question: str) -> None:
    """A question about an item: right before it, or as prompts have it, on a line of its own."""
    if world.rng.random() < 0.4:
        seq.add(f"{cue.capitalize()} ")
    else:
        seq.add(f"{question}\n{ITEM_LEADS[int(world.rng.integers(len(ITEM_LEADS)))]} ")
    _ask(seq, world, item, 0.5, user=world.rng.random() < 0.6)


def _quoted(world: World, items: Sequence[int]) -> str:
    return "; ".join(f'"{world.titles[i]}"' for i in items)


def _asked(world: World) -> int:
    return int(world.rng.integers(world.n, len(world.items)))


def _closest(seq: Text, world: World) -> None:
    """The listed items closest to an unlisted one, nearest first."""
    item = _asked(world)
    order = np.argsort(-world.similarity(world.items[item])[: world.n])
    k = int(world.rng.choice([1, 1, 1, 2, 3]))
    _pose(seq, world, item, f"{NUMBERS[k - 1]}close to", f"List {NUMBERS[k - 1]}closest.")
    seq.answer(_quoted(world, order[:k]))


def _furthest(seq: Text, world: World) -> None:
    item = _asked(world)
    order = np.argsort(world.similarity(world.items[item])[: world.n])
    k = int(world.rng.choice([1, 1, 1, 2, 3]))
    _pose(seq, world, item, f"{NUMBERS[k - 1]}far from", f"List {NUMBERS[k - 1]}least close.")
    seq.answer(_quoted(world, order[:k]))


def _noisy_key(seq: Text, world: World) -> None:
    """Three noisy askings in a row: which listed title carries this embedding?"""
    for i in world.rng.integers(world.n, size=3):
        noise = world.rng.uniform(0, 1.2)
        vector = world.items[i] + noise * world.rng.normal(size=MAX_DIM) * (world.items[i] != 0)
        answer = int(np.argmax(world.similarity(vector)[: world.n] - _half_norms(world)))
        seq.add(vector, " is")
        seq.answer(_quoted(world, [answer]))


def _half_norms(world: World) -> np.ndarray:
    """Half the squared norms: nearest in distance is the largest dot product less these."""
    return (world.items[: world.n] ** 2).sum(1) / 2


def _like(seq: Text, world: World) -> None:
    """Would the user like it: top fifth of the world or bottom half, several in a row."""
    for _ in range(5):
        item, yes = _judge(world, world.user)
        if world.rng.random() < 0.4:
            seq.add("For ")
            _ask(seq, world, item, 0.2, user=True)
            seq.add("?")
        else:
            seq.add(f"Yes or No?\n{ITEM_LEADS[int(world.rng.integers(len(ITEM_LEADS)))]} ")
            _ask(seq, world, item, 0.5, user=True)
        seq.answer("Yes" if yes else "No")


def _judge(world: World, user: np.ndarray) -> tuple[int, bool]:
    """An unlisted item, and whether it lies in the top fifth for a user, else the bottom half."""
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


def _verdicts(world: World) -> Text:
    """Would this user like this item? Every time another user, as one prompt follows another."""
    rng, seq = world.rng, Text()
    for _ in range(60):
        history = rng.choice(len(world.items), size=int(rng.integers(3, 11)), replace=False)
        dim = int((world.items != 0).any(0).sum())
        user = np.pad(_draw_user(world.items[history, :dim], rng), (0, MAX_DIM - dim))
        item, yes = _judge(world, user)
        seq.add(f"{ITEM_LEADS[int(rng.integers(len(ITEM_LEADS)))]} ", user, " ")
        if rng.random() < 0.3:
            _show(seq, world, item)
        else:
            seq.add(world.items[item])
        seq.answer("Yes" if yes else "No")
    return seq


def _match(seq: Text, world: World) -> None:
    """Are two embeddings alike? Five pairs in a row, seen nowhere else.

    What `_like` asks, with a wide margin: the easy case comes first.
    """
    for _ in range(5):
        i, j = world.rng.choice(len(world.items), size=2, replace=False)
        one, other = world.items[i], world.items[j]
        alike = world.rng.random() < 0.5
        if alike:
            share = world.rng.uniform(0.5, 1)
            other = share * one + (1 - share) * other
        seq.add("For ", one, " ", other, "?")
        seq.answer("Yes" if alike else "No")


def _rank(seq: Text, world: World) -> None:
    """Sort shown candidates by the user's score."""
    chosen = world.rng.choice(
        np.arange(world.n, len(world.items)), size=int(world.rng.integers(2, 6)), replace=False
    )
    order = chosen[np.argsort(-world.similarity(world.user)[chosen])]
    seq.add("Sort: ")
    for j, item in enumerate(chosen):
        seq.add("; " if j else "")
        _ask(seq, world, int(item), 1.0, user=True)
    seq.answer(_quoted(world, order))


def _carriers(seq: Text, world: World) -> None:
    """Listed titles that carry an attribute."""
    values = sorted({a for i in range(world.n) for a in world.attributes[i]})
    if not values:
        return _copy(seq, world)
    value = str(world.rng.choice(values))
    carriers = [i for i in range(world.n) if value in world.attributes[i]][:4]
    seq.add(f"Which are {value}?")
    seq.answer(_quoted(world, carriers))
    return None


def _copy(seq: Text, world: World) -> None:
    kind = world.rng.choice(["first", "last", "after", "all"], p=[0.3, 0.3, 0.3, 0.1])
    k = int(world.rng.integers(1, 4))
    i = int(world.rng.integers(world.n - 1))
    question, answer = {
        "first": (f"First {k}:", list(range(min(k, world.n)))),
        "last": (f"Last {k}:", list(range(max(0, world.n - k), world.n))),
        "after": (f'After "{world.titles[i]}":', [i + 1]),
        "all": ("All titles:", list(range(world.n))),
    }[kind]
    seq.add(question)
    seq.answer(_quoted(world, answer))


def _describe(seq: Text, world: World) -> None:
    """Attributes of a listed title, read back."""
    for i in world.rng.integers(world.n, size=2):
        seq.add(f'"{world.titles[i]}" is')
        seq.answer(", ".join(world.attributes[i]) or "unknown")


def _shared(seq: Text, world: World) -> None:
    """What the attributes of two listed titles have in common, or one has and the other lacks."""
    for _ in range(2):
        i, j = world.rng.choice(world.n, size=2, replace=False)
        both = world.rng.random() < 0.6
        values = [v for v in world.attributes[i] if (v in world.attributes[j]) == both]
        seq.add(f'"{world.titles[i]}" {"and" if both else "not"} "{world.titles[j]}":')
        seq.answer(" and ".join(values) or "nothing")


def _sentence(seq: Text, world: World) -> None:
    """A sentence on what lies close to an unlisted item."""
    item = _asked(world)
    order = np.argsort(-world.similarity(world.items[item])[: world.n])
    shared = [v for v in world.attributes[item] if v in world.attributes[order[0]]]
    fitting = [s for s in SENTENCES if shared or "{s}" not in s]
    names = {"q": item, "a": order[0], "b": order[1], "c": order[2], "z": order[-1]}
    slots = {name: f'"{world.titles[i]}"' for name, i in names.items()}
    seq.add("About ")
    _show(seq, world, item)
    seq.add(":")
    sentence = fitting[int(world.rng.integers(len(fitting)))]
    seq.answer(sentence.format(**slots, s=" and ".join(shared)))


def _repeat(seq: Text, world: World) -> None:
    """Words of prompts and explanations, said again."""
    words = " ".join(world.rng.choice(world.lexicon.prose, size=int(world.rng.integers(6, 16))))
    seq.add(f"Say: {words}")
    seq.answer(words)


Question = Callable[[Text, World], None]
FIRST: dict[str, tuple[Question, float]] = {
    "noisy_key": (_noisy_key, 0.45),
    "match": (_match, 0.2),
    "closest": (_closest, 0.15),
    "like": (_like, 0.1),
    "copy": (_copy, 0.05),
    "repeat": (_repeat, 0.05),
}
EMBEDDED: dict[str, tuple[Question, float]] = {
    "closest": (_closest, 0.22),
    "sentence": (_sentence, 0.12),
    "repeat": (_repeat, 0.1),
    "furthest": (_furthest, 0.08),
    "noisy_key": (_noisy_key, 0.12),
    "like": (_like, 0.2),
    "rank": (_rank, 0.12),
    "carriers": (_carriers, 0.06),
    "copy": (_copy, 0.06),
    "describe": (_describe, 0.06),
    "shared": (_shared, 0.12),
}
TITLED: dict[str, tuple[Question, float]] = {
    "carriers": (_carriers, 0.25),
    "copy": (_copy, 0.25),
    "describe": (_describe, 0.2),
    "shared": (_shared, 0.2),
    "repeat": (_repeat, 0.1),
}
