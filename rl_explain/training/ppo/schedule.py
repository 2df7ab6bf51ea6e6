"""Draws an iteration's prompts and splits its completions into minibatches.

Draws depend only on the seed and on numbers such as the iteration's, so a resumed training needs no
saved random state.
"""

from enum import IntEnum

import numpy as np


class Draw(IntEnum):
    """Purpose of a random number; gives each purpose its own sequence for a seed."""

    PROMPTS = 0
    MINIBATCHES = 1
    SAMPLING = 2


def draw_prompts(num_prompts: int, batch_size: int, iteration: int, seed: int) -> np.ndarray:
    """Rows (batch_size,) of the prompts of `iteration`, which counts from 0.

    Iterations read one endless sequence of prompts, permutation after permutation.
    """
    places = np.arange(iteration * batch_size, (iteration + 1) * batch_size)
    passes, offsets = np.divmod(places, num_prompts)
    orders = {p: _generator(seed, Draw.PROMPTS, p).permutation(num_prompts) for p in set(passes)}
    return np.array([orders[p][i] for p, i in zip(passes, offsets, strict=True)])


def draw_minibatches(
    num_rows: int, minibatches: int, iteration: int, epoch: int, seed: int
) -> list[np.ndarray]:
    """A random partition of the rows 0 to `num_rows` - 1 into sorted parts of about equal size."""
    order = _generator(seed, Draw.MINIBATCHES, iteration, epoch).permutation(num_rows)
    return [np.sort(part) for part in np.array_split(order, minibatches)]


def sampling_seed(seed: int, iteration: int, process: int) -> int:
    """Seed of the completions that a process samples in an iteration."""
    sequence = np.random.SeedSequence([seed, Draw.SAMPLING, iteration, process])
    return int(sequence.generate_state(1)[0])


def _generator(*entropy: int) -> np.random.Generator:
    return np.random.default_rng([int(value) for value in entropy])
