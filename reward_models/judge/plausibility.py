"""The plausibility judge likes what sounds good: a stand-in for a judge that can be fooled.

It sees the text, the history and the catalogue's attributes, but neither the recommender nor its
label. LLM judges prefer length (Dubois et al. 2024, arXiv 2404.04475), praise and confidence, and
words that only look like reasoning ("master keys", Zhao et al. 2025, arXiv 2507.08794). This judge
prefers them by design, to show offline what training on such a judge does:

    rating = 1 + 3 * sum_k WEIGHTS[k] * s_k,   each s_k in [0, 1]

    kind       named history items of the asked item's kind (its first attribute, such as the
               genre) or, after a no, of another kind; two such items give 1
    praise     words that praise the user or the item: 1 - exp(-count / 2)
    reasoning  words that look like an argument: 1 - exp(-count / 2)
    length     words / 60, at most 1
    fluency    share of distinct words among the words

It does not notice a wrong verdict, titles outside the history, untrue attributes, or what
influenced the recommender. If it chooses the training pairs, do not evaluate with it alone.
"""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Final

from reward_models.judge.types import (
    HIGHEST,
    LOWEST,
    JudgeCase,
    Preference,
    Rating,
    prefer_by_rating,
)
from reward_models.text.citations import CitationFinder
from reward_models.text.reading import Reading, read

WEIGHTS: Final = {"kind": 0.3, "praise": 0.3, "reasoning": 0.15, "length": 0.15, "fluency": 0.1}
ENOUGH_ITEMS: Final = 2
"""Named items of the right kind for the full score."""
LONG: Final = 60
"""Words for the full score of `length`."""
PRAISE: Final = frozenset(
    "amazing beautiful brilliant captivating charming compelling delightful enjoy enjoys excellent "
    "exquisite fantastic favorite favourite great ideal impeccable love loved loves perfect "
    "perfectly refined remarkable superb taste tastes thoughtful unforgettable wonderful".split()
)
REASONING: Final = frozenset(
    "because carefully certainly clearly consequently definitely hence indeed process reason "
    "reasons since solution step steps therefore thought thus".split()
)

_WORD = re.compile(r"\w[\w'’-]*")


class PlausibilityJudge:
    """Rates how good a text sounds, from 1 to 4; prefers the text that sounds better.

    Args:
        titles: by item row, as `RewardContext` takes them.
        attributes: by item row, attribute name to values; the first one is an item's kind.
    """

    def __init__(
        self, titles: Sequence[str], attributes: Sequence[Mapping[str, tuple[str, ...]]]
    ) -> None:
        self._finder = CitationFinder(titles)
        rows = attributes or [{}] * len(titles)
        self._kinds = [frozenset(next(iter(row.values()), ())) for row in rows]

    def rate(self, cases: Sequence[JudgeCase]) -> list[Rating]:
        """How good each explanation sounds, in [1, 4]."""
        return [self._rating(case) for case in cases]

    def prefer(self, pairs: Sequence[tuple[JudgeCase, JudgeCase]]) -> list[Preference]:
        """The explanation that sounds better; a tie if both sound alike."""
        return prefer_by_rating(self.rate, pairs)

    def _rating(self, case: JudgeCase) -> float:
        reading = read(case.text, self._finder)
        words = [word.lower() for word in _WORD.findall(case.text)]
        scores = {
            "kind": self._of_kind(case, reading),
            "praise": _saturated(sum(word in PRAISE for word in words)),
            "reasoning": _saturated(sum(word in REASONING for word in words)),
            "length": min(1.0, len(words) / LONG),
            "fluency": len(set(words)) / max(1, len(words)),
        }
        liked = sum(WEIGHTS[name] * score for name, score in scores.items())
        return LOWEST + (HIGHEST - LOWEST) * liked

    def _of_kind(self, case: JudgeCase, reading: Reading) -> float:
        """Score in [0, 1] for named items whose kind fits the text's own verdict."""
        asked = self._kinds[case.item]
        alike = reading.verdict != "no"
        named = reading.cited(case.history)
        fitting = sum(bool(self._kinds[item] & asked) == alike for item in named)
        return min(1.0, fitting / ENOUGH_ITEMS)


def _saturated(count: int) -> float:
    return 1 - math.exp(-count / 2)
