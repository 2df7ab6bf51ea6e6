"""Drills: sequences of one kind of look-up, each look-up about different items."""

import numpy as np

from tools.tiny_base.worlds import (
    ITEM_LEADS,
    LEADS,
    MAX_DIM,
    NUMBERS,
    Text,
    World,
    draw_user,
    judge,
    quoted,
    show,
)

VERDICTS = 60
"""Verdicts per sequence; those that do not fit are cut."""


def write_pairs(world: World) -> Text:
    """Lists of background items, each next to the asked item's embedding: which are most similar to
    it, and what do they share?

    Prompts about one item show histories in this form. Each title of an answer needs a look-up.
    """
    rng, seq = world.rng, Text()
    unlisted = rng.permutation(np.arange(world.n, len(world.items))).tolist()
    while len(unlisted) > 7:
        asked, *listed = (unlisted.pop() for _ in range(int(rng.integers(4, 9))))
        order = [listed[i] for i in np.argsort(-world.similarity(world.items[asked])[listed])]
        answers = [("closest", order), ("least close", order[::-1])]
        (first, ranked), (second, reverse) = answers if rng.random() < 0.5 else answers[::-1]
        k = int(rng.integers(1, min(len(listed), len(NUMBERS)) + 1))
        seq.add(f"List {NUMBERS[k - 1]}{first}.\n{ITEM_LEADS[int(rng.integers(len(ITEM_LEADS)))]} ")
        show(seq, world, asked)
        seq.add(f"\n{LEADS[int(rng.integers(len(LEADS)))]}")
        for place, i in enumerate(listed):
            seq.add(";" if place else "", " ", world.items[asked], " ")
            show(seq, world, i)
        seq.add(" ", world.user, " ", world.items[asked])
        seq.answer(quoted(world, ranked[:k]))
        seq.add(f"List {NUMBERS[1]}{second}.")
        seq.answer(quoted(world, reverse[:2]))
        for _ in range(0 if world.small else 3):
            _ask_attributes(seq, world, asked, listed)
    return seq


def _ask_attributes(seq: Text, world: World, asked: int, listed: list[int]) -> None:
    """Ask which attributes of one or two listed items the asked item shares, or lacks."""
    named = world.rng.permutation(listed)[: int(world.rng.integers(1, 3))].tolist()
    shared = world.rng.random() < 0.6
    values = [
        value
        for value in world.attributes[named[0]]
        if all(value in world.attributes[i] for i in named)
        and (value in world.attributes[asked]) == shared
    ]
    seq.add(
        " and ".join(f'"{world.titles[i]}"' for i in named), " shares" if shared else " alone is"
    )
    seq.answer(" and ".join(values) or "nothing")


def write_verdicts(world: World) -> Text:
    """Would this user like this item? Each question has a different user."""
    rng, seq = world.rng, Text()
    for _ in range(VERDICTS):
        history = rng.choice(len(world.items), size=int(rng.integers(3, 11)), replace=False)
        dim = int((world.items != 0).any(0).sum())
        user = np.pad(draw_user(world.items[history, :dim], rng), (0, MAX_DIM - dim))
        item, yes = judge(world, user)
        seq.add(f"{ITEM_LEADS[int(rng.integers(len(ITEM_LEADS)))]} ", user, " ")
        if rng.random() < 0.3:
            show(seq, world, item)
        else:
            seq.add(world.items[item])
        seq.answer("Yes" if yes else "No")
    return seq
