"""Is the explanation of a readable length?

    score = 1 - (words outside of `RewardContext.length_band`) / `SLOPE`,   at least -1

A soft band, without a bonus for length within it, like the soft punishment of overlong answers in
DAPO (Yu et al. 2025, arXiv 2503.14476, equation 13).

Range [-1, 1]. Tasks: explanation. Resists: bare verdicts and endless texts. Alone it is a control:
it knows nothing of what is said.
"""

from collections.abc import Sequence

import numpy as np

from reward_models.context import RewardContext
from reward_models.types import Score

SLOPE = 15
"""Words outside of the band that cost 1."""


def length(
    completions: Sequence[str],
    *,
    context: RewardContext,
    task: Sequence[str],
    **columns: object,
) -> list[Score]:
    """1 within the band, falling by 1 for every `SLOPE` words outside of it, in [-1, 1].

    `None` for tasks other than explanation.
    """
    return [
        _score(len(text.split()), context.length_band) if kind == "explanation" else None
        for text, kind in zip(completions, task, strict=True)
    ]


def _score(words: int, band: tuple[int, int]) -> float:
    shortest, longest = band
    outside = max(shortest - words, words - longest, 0)
    return float(np.clip(1 - outside / SLOPE, -1, 1))
