"""Is the explanation of a readable length?

    score = 1 - (words below or above `RewardContext.length_band`) / `SLOPE`,   at least -1

Length within the band does not matter. DAPO punishes overlong answers in the same soft way (Yu et
al. 2025, arXiv 2503.14476, equation 13).

Range [-1, 1]. Tasks: explanation. Resists: bare verdicts and endless texts. Used alone it is a
control, since it ignores the content.
"""

from collections.abc import Sequence

import numpy as np

from reward_models.context import RewardContext
from reward_models.types import Score

SLOPE = 15
"""Number of words outside the band that costs 1."""


def length(
    completions: Sequence[str],
    *,
    context: RewardContext,
    task: Sequence[str],
    **columns: object,
) -> list[Score]:
    """1 within the band, 1 less for every `SLOPE` words outside it, in [-1, 1].

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
