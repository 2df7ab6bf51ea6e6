"""Questions about a world's list of items, many per sequence.

Examples: which listed item is closest to this embedding, what do two items share, would this user
like it, sort these, copy those. With a single question per sequence a small model stays at chance.

The project's prompts, teacher sentences and catalogues do not appear here. Their words do, so that
their embeddings are trained.
"""

from collections.abc import Callable

import numpy as np

from tools.tiny_base.worlds import (
    ITEM_LEADS,
    LEADS,
    MAX_DIM,
    NUMBERS,
    Text,
    World,
    judge,
    quoted,
    show,
)

QUESTIONS = 24
"""Questions per sequence; those that do not fit are cut."""
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
"""Sentences about similar items: `q` is an unlisted item, `a`, `b`, `c` are the closest listed
ones, `z` is the furthest, `s` has the attributes that `q` and `a` share."""


def write_list(world: World) -> Text:
    """The world's list, and questions about it with answers."""
    rng, seq = world.rng, Text()
    form = "hybrid" if world.small else str(rng.choice(["hybrid", "titles"], p=[0.9, 0.1]))
    seq.add(str(rng.choice(LEADS)))
    for i in range(world.n):
        seq.add(";" if i else "", " ")
        show(seq, world, i, form == "hybrid")
    if form == "hybrid" and rng.random() < 0.8:
        seq.add(" ", world.user)
    seq.add("\n")
    ask = FIRST if world.small else EMBEDDED if form == "hybrid" else TITLED
    names, weights = list(ask), np.array([weight for _, weight in ask.values()])
    favourite = int(rng.integers(len(names)))
    for _ in range(QUESTIONS):
        # About half of a sequence's questions are of one kind, which teaches that kind faster.
        index = (
            favourite if rng.random() < 0.5 else rng.choice(len(names), p=weights / sum(weights))
        )
        ask[names[index]][0](seq, world)
    return seq


def _ask(seq: Text, world: World, i: int, titled: float, user: bool = False) -> None:
    """Add an item: with title and attributes with probability `titled`, else only its embedding.

    Args:
        user: put the user's embedding before it.
    """
    if user:
        seq.add(world.user, " ")
    if world.rng.random() < titled:
        show(seq, world, i)
    else:
        seq.add(world.items[i])


def _pose(seq: Text, world: World, item: int, cue: str, question: str) -> None:
    """Add a question about an item: directly before it or, as in prompts, on a separate line."""
    if world.rng.random() < 0.4:
        seq.add(f"{cue.capitalize()} ")
    else:
        seq.add(f"{question}\n{ITEM_LEADS[int(world.rng.integers(len(ITEM_LEADS)))]} ")
    _ask(seq, world, item, 0.5, user=world.rng.random() < 0.6)


def _asked(world: World) -> int:
    return int(world.rng.integers(world.n, len(world.items)))


def _closest(seq: Text, world: World) -> None:
    """The listed items closest to an unlisted one, closest first."""
    item = _asked(world)
    order = np.argsort(-world.similarity(world.items[item])[: world.n])
    k = int(world.rng.choice([1, 1, 1, 2, 3]))
    _pose(seq, world, item, f"{NUMBERS[k - 1]}close to", f"List {NUMBERS[k - 1]}closest.")
    seq.answer(quoted(world, order[:k]))


def _furthest(seq: Text, world: World) -> None:
    item = _asked(world)
    order = np.argsort(world.similarity(world.items[item])[: world.n])
    k = int(world.rng.choice([1, 1, 1, 2, 3]))
    _pose(seq, world, item, f"{NUMBERS[k - 1]}far from", f"List {NUMBERS[k - 1]}least close.")
    seq.answer(quoted(world, order[:k]))


def _noisy_key(seq: Text, world: World) -> None:
    """Three questions: which listed title has this noisy embedding?"""
    for i in world.rng.integers(world.n, size=3):
        noise = world.rng.uniform(0, 1.2)
        vector = world.items[i] + noise * world.rng.normal(size=MAX_DIM) * (world.items[i] != 0)
        answer = int(np.argmax(world.similarity(vector)[: world.n] - _half_norms(world)))
        seq.add(vector, " is")
        seq.answer(quoted(world, [answer]))


def _half_norms(world: World) -> np.ndarray:
    """Half the squared norms; the nearest item maximises the dot product minus these."""
    return (world.items[: world.n] ** 2).sum(1) / 2


def _like(seq: Text, world: World) -> None:
    """Five questions: would the user like it (top fifth of the world or bottom half)?"""
    for _ in range(5):
        item, yes = judge(world, world.user)
        if world.rng.random() < 0.4:
            seq.add("For ")
            _ask(seq, world, item, 0.2, user=True)
            seq.add("?")
        else:
            seq.add(f"Yes or No?\n{ITEM_LEADS[int(world.rng.integers(len(ITEM_LEADS)))]} ")
            _ask(seq, world, item, 0.5, user=True)
        seq.answer("Yes" if yes else "No")


def _match(seq: Text, world: World) -> None:
    """Five questions: are two embeddings alike?

    An easier version of `_like`, with a wide margin, for small worlds.
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
    """Sort the candidates by the user's score."""
    chosen = world.rng.choice(
        np.arange(world.n, len(world.items)), size=int(world.rng.integers(2, 6)), replace=False
    )
    order = chosen[np.argsort(-world.similarity(world.user)[chosen])]
    seq.add("Sort: ")
    for j, item in enumerate(chosen):
        seq.add("; " if j else "")
        _ask(seq, world, int(item), 1.0, user=True)
    seq.answer(quoted(world, order))


def _carriers(seq: Text, world: World) -> None:
    """The listed titles with an attribute."""
    values = sorted({a for i in range(world.n) for a in world.attributes[i]})
    if not values:
        return _copy(seq, world)
    value = str(world.rng.choice(values))
    carriers = [i for i in range(world.n) if value in world.attributes[i]][:4]
    seq.add(f"Which are {value}?")
    seq.answer(quoted(world, carriers))
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
    seq.answer(quoted(world, answer))


def _describe(seq: Text, world: World) -> None:
    """The attributes of a listed title."""
    for i in world.rng.integers(world.n, size=2):
        seq.add(f'"{world.titles[i]}" is')
        seq.answer(", ".join(world.attributes[i]) or "unknown")


def _shared(seq: Text, world: World) -> None:
    """The attributes that two listed titles share, or that the first has and the second lacks."""
    for _ in range(2):
        i, j = world.rng.choice(world.n, size=2, replace=False)
        both = world.rng.random() < 0.6
        values = [v for v in world.attributes[i] if (v in world.attributes[j]) == both]
        seq.add(f'"{world.titles[i]}" {"and" if both else "not"} "{world.titles[j]}":')
        seq.answer(" and ".join(values) or "nothing")


def _sentence(seq: Text, world: World) -> None:
    """A sentence about items similar to an unlisted item."""
    item = _asked(world)
    order = np.argsort(-world.similarity(world.items[item])[: world.n])
    shared = [v for v in world.attributes[item] if v in world.attributes[order[0]]]
    fitting = [s for s in SENTENCES if shared or "{s}" not in s]
    names = {"q": item, "a": order[0], "b": order[1], "c": order[2], "z": order[-1]}
    slots = {name: f'"{world.titles[i]}"' for name, i in names.items()}
    seq.add("About ")
    show(seq, world, item)
    seq.add(":")
    sentence = fitting[int(world.rng.integers(len(fitting)))]
    seq.answer(sentence.format(**slots, s=" and ".join(shared)))


def _repeat(seq: Text, world: World) -> None:
    """Repeat words of prompts and explanations."""
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
