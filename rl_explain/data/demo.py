"""A generated catalogue, and users whose causes of preference are planted and therefore known.

Every user has four tastes, each a theme. Nearly all choices match the taste that the user currently
follows; the others depend on popularity alone. Tastes come in runs, and a sequel is likelier than
other items. Setting causes nothing, and genre only makes items more or less popular: a reason that
names a shared genre or setting sounds right but is wrong. With four tastes, about three of ten
history items cause a choice, so a correct citation clearly differs from a random one.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from rl_explain.data.catalogue import Catalogue
from rl_explain.data.interactions import Taste
from rl_explain.data.records import Item, Records

NUM_ITEMS = 400
NUM_USERS = 2500
LENGTHS = (12, 25)
TASTES = 4
FOLLOW_TASTE = 0.95
"""Share of choices made by taste; the others depend on popularity alone."""
KEEP_TASTE = 0.3
"""Probability that the next choice keeps the taste of the last one without a new draw."""
SEQUEL = 3.0
"""Factor on the odds of an item that continues the series of the last choice."""
SPREAD = 0.3
"""Standard deviation of an item's log popularity within its genre."""

_VALUES = {
    "genre": "adventure biography comedy drama fantasy mystery romance thriller",
    "theme": (
        "courtroom culinary family haunted heist magical military musical political racing "
        "scientific seafaring"
    ),
    "setting": "alpine desert futuristic medieval polar rural tropical urban",
}
ATTRIBUTES = {name: values.split() for name, values in _VALUES.items()}
CAUSAL = ("theme",)
ADJECTIVES = (
    "Amber Ancient Autumn Bitter Blazing Brass Bright Broken Bronze Burning Careful Clever Cobalt "
    "Copper Crimson Crooked Crystal Curious Daring Distant Drifting Dusty Eager Ebony Electric "
    "Emerald Empty Endless Faded Fallen Fearless Fiery Forgotten Fragile Frozen Gentle Gilded "
    "Glass Golden Granite Hidden Hollow Honest Humble Iron Ivory Jade Lonely Lost Lucky Marble "
    "Mellow Midnight Misty Moonlit Narrow Nimble Northern Painted Pale Paper Patient Proud Quiet "
    "Restless Rusty Sapphire Scarlet Secret Shining Silent Silver Sleeping Solemn Stolen Stubborn "
    "Sunken Tangled Velvet Wandering"
).split()
NOUNS = (
    "Anchor Archer Arrow Balcony Banner Basket Beacon Bell Blossom Bridge Candle Canvas Canyon "
    "Carousel Castle Cavern Chapel Clock Comet Compass Cottage Crane Dagger Dancer Diary Doorway "
    "Dragon Drum Eagle Echo Ember Falcon Feather Festival Fiddle Forest Fountain Garden Glacier "
    "Harbor Harvest Heron Horizon Island Journey Kettle Kingdom Ladder Lantern Letter Library "
    "Lullaby Mansion Market Meadow Mirror Mountain Necklace Oracle Orchard Palace Parade Pearl "
    "Pendulum Pilgrim Promise Raven Ribbon River Shadow Shepherd Signal Sparrow Staircase Stranger "
    "Tapestry Temple Tower Valley Violin"
).split()


def demo_records(seed: int) -> Records:
    """400 items and 2,500 users with 12 to 25 choices each; timestamps number a user's choices."""
    rng = np.random.default_rng(seed)
    values = {name: _deal(len(valid), rng) for name, valid in ATTRIBUTES.items()}
    tastes = _draw_tastes(rng)
    choices = _choose(values, tastes, rng)
    lengths = rng.integers(LENGTHS[0], LENGTHS[1] + 1, size=NUM_USERS)
    user, time = np.nonzero(np.arange(LENGTHS[1]) < lengths[:, None])
    log = pd.DataFrame({"user_id": user, "item_id": choices[user, time], "timestamp": time})
    log = log.astype({"user_id": str, "item_id": str})
    titles = _titles(rng)
    items = {
        str(item): Item(titles[item], {n: (ATTRIBUTES[n][v[item]],) for n, v in values.items()})
        for item in range(NUM_ITEMS)
    }
    causes = {str(user): [_taste(taste) for taste in tastes[user]] for user in range(NUM_USERS)}
    return Records(log, items, causes)


def carriers(
    catalogue: Catalogue, tastes: Sequence[Taste], history: Sequence[int], item: int
) -> tuple[int, ...]:
    """The items of `history` that match one of the `tastes` that `item` matches, in history order.

    They are why a user with these planted tastes would choose `item`; empty if there is no cause.
    """
    shared = [taste for taste in tastes if _carries(catalogue, item, taste)]
    return tuple(
        other for other in history if any(_carries(catalogue, other, taste) for taste in shared)
    )


def _carries(catalogue: Catalogue, item: int, taste: Taste) -> bool:
    name, value = taste
    return value in catalogue.attributes[item].get(name, ())


def _deal(num_values: int, rng: np.random.Generator) -> np.ndarray:
    """One value per item, (NUM_ITEMS,), each value equally often."""
    return rng.permutation(np.arange(NUM_ITEMS) % num_values)


def _titles(rng: np.random.Generator) -> list[str]:
    """Titles of two or three words; no word pair repeats, so no title contains another."""
    pairs = rng.choice(len(ADJECTIVES) * len(NOUNS), size=NUM_ITEMS, replace=False)
    article = rng.choice(["", "The "], size=NUM_ITEMS)
    return [
        f"{the}{ADJECTIVES[pair // len(NOUNS)]} {NOUNS[pair % len(NOUNS)]}"
        for the, pair in zip(article, pairs.tolist(), strict=True)
    ]


def _causal_values() -> list[Taste]:
    return [(name, value) for name in CAUSAL for value in ATTRIBUTES[name]]


def _taste(index: int) -> Taste:
    return _causal_values()[index]


def _draw_tastes(rng: np.random.Generator) -> np.ndarray:
    """Distinct tastes of each user, (NUM_USERS, TASTES), as indices of `_causal_values`."""
    return rng.random((NUM_USERS, len(_causal_values()))).argsort(axis=1)[:, :TASTES]


def _choose(
    values: dict[str, np.ndarray], tastes: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Each user's choices, step by step: (NUM_USERS, maximum length), without repeats."""
    carried, popularity = _carried(values), _log_popularity(values["genre"], rng)
    sequel, everyone = _sequels(values), np.arange(NUM_USERS)
    following = rng.integers(TASTES, size=NUM_USERS)
    chosen = np.full((NUM_USERS, LENGTHS[1]), -1)
    taken = np.zeros((NUM_USERS, NUM_ITEMS), dtype=bool)
    for step in range(LENGTHS[1]):
        keep, drawn = rng.random(NUM_USERS) < KEEP_TASTE, rng.integers(TASTES, size=NUM_USERS)
        following = np.where(keep, following, drawn)
        by_taste = rng.random((NUM_USERS, 1)) < FOLLOW_TASTE
        liked = carried[tastes[everyone, following]] | ~by_taste
        weight = np.where(liked & ~taken, popularity, -np.inf)
        if step:
            weight[everyone, sequel[chosen[:, step - 1]]] += np.log(SEQUEL)
        # Gumbel-max: the argmax of weight plus noise is a draw in proportion to exp(weight).
        chosen[:, step] = (weight + rng.gumbel(size=weight.shape)).argmax(axis=1)
        taken[everyone, chosen[:, step]] = True
    return chosen


def _carried(values: dict[str, np.ndarray]) -> np.ndarray:
    """Which items have which causal value: (causal values, NUM_ITEMS), bool."""
    return np.stack(
        [values[name] == ATTRIBUTES[name].index(value) for name, value in _causal_values()]
    )


def _log_popularity(genre: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each item's log popularity: its own part plus its genre's."""
    own = rng.normal(0, SPREAD, NUM_ITEMS)
    return own + rng.normal(0, SPREAD, len(ATTRIBUTES["genre"]))[genre]


def _sequels(values: dict[str, np.ndarray]) -> np.ndarray:
    """The item that continues each item's series: the next one of the same theme and setting."""
    sequel = np.empty(NUM_ITEMS, dtype=np.int64)
    series = values["theme"] * len(ATTRIBUTES["setting"]) + values["setting"]
    for number in np.unique(series):
        members = np.flatnonzero(series == number)
        sequel[members] = np.roll(members, -1)
    return sequel
