"""Statistics of a data set."""

from collections.abc import Mapping
from itertools import chain

import numpy as np

from rl_explain.data.interactions import Interactions


def statistics(interactions: Interactions) -> dict[str, float]:
    """Sizes, lengths and frequencies, by flat names; shares are in [0, 1].

    `density` is the share of (user, item) pairs that occur; `top_tenth_share` is the share of
    interactions with the most frequent tenth of the items.
    """
    lengths = np.array([len(sequence) for sequence in interactions.sequences])
    items = np.fromiter(chain.from_iterable(interactions.sequences), dtype=np.int64)
    catalogue = interactions.catalogue
    counts = np.sort(np.bincount(items, minlength=len(catalogue)))[::-1]
    return {
        "users": len(lengths),
        "items": len(catalogue),
        "interactions": len(items),
        "density": len(items) / (len(lengths) * len(catalogue)),
        "length/min": int(lengths.min()),
        "length/median": float(np.median(lengths)),
        "length/max": int(lengths.max()),
        "item_count/min": int(counts[-1]),
        "item_count/median": float(np.median(counts)),
        "item_count/max": int(counts[0]),
        "top_tenth_share": float(counts[: max(1, len(counts) // 10)].sum() / len(items)),
        "with_attributes": float(np.mean([bool(values) for values in catalogue.attributes])),
    }


def statistics_table(figures: Mapping[str, float]) -> str:
    """Names and values in two columns of text."""
    width = max(map(len, figures), default=0)
    return "\n".join(f"{name:<{width}}  {value:>12,.6g}" for name, value in figures.items())
