"""The template teacher: explains the recommender by leave-one-out influence.

A share of its texts, the corruption rate, is plausible but unfaithful on purpose. They imitate a
language model that never queries the recommender, and use the same sentences.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reward_models.perturb.effects import Question, distinct
from reward_models.types import Label
from rl_explain.data.catalogue import Catalogue
from rl_explain.teacher.influence import Influence, by_influence
from rl_explain.teacher.writer import Writer

MIN_INFLUENCE = 0.01
"""Smaller changes of percentile count as zero, as in the faithfulness score."""
FLIPPED_RATE = 0.1
"""Share of the unfaithful texts that also give the wrong verdict."""


@dataclass(frozen=True)
class Explanation:
    """A teacher's text, its verdict and the items it cites.

    `faithful` is False for corrupted texts.
    """

    text: str
    verdict: Label
    cited: tuple[int, ...]
    faithful: bool


class Teacher:
    """Chooses what to cite; a `Writer` writes the text.

    Args:
        verdict: its position: `first` ("Yes. ...") or `last` ("... Verdict: yes.").
        corruption_rate: share of unfaithful texts, in [0, 1]; 0 is the clean teacher.
        seed: a text depends only on the seed, its question and the question's index in the list.
            A faithful text equals the clean teacher's.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        verdict: str = "first",
        corruption_rate: float = 0.3,
        seed: int = 0,
    ) -> None:
        self._writer = Writer(catalogue, verdict)
        self._corruption_rate, self._seed = corruption_rate, seed

    def explain(
        self,
        questions: Sequence[Question],
        reasons: Sequence[int],
        influences: Sequence[Influence],
    ) -> list[Explanation]:
        """One explanation per question, with at most `reasons` citations, from the influences."""
        rngs = [np.random.default_rng((self._seed, place)) for place in range(len(questions))]
        return [
            self._plausible(*given)
            if given[-1].random() < self._corruption_rate
            else self._faithful(*given)
            for given in zip(questions, reasons, influences, rngs, strict=True)
        ]

    def _faithful(
        self, asked: Question, reasons: int, influence: Influence, rng: np.random.Generator
    ) -> Explanation:
        """Cite the most influential items; cite nothing if no item lowers a no item."""
        best = by_influence(influence)[:reasons]
        cited = tuple(item for item in best if influence[item] >= MIN_INFLUENCE)
        weak = asked.label == "yes" and not cited
        if weak:
            cited = tuple(best[:1])
        text = self._writer.write(asked.item, asked.label, cited, rng, weak)
        return Explanation(text, asked.label, cited, faithful=True)

    def _plausible(
        self, asked: Question, reasons: int, influence: Influence, rng: np.random.Generator
    ) -> Explanation:
        """Cite the most recent items of the less influential half; half the time prefer items with
        the asked item's first attribute value."""
        ranked = by_influence(influence)
        weaker = ranked[-max(1, len(ranked) // 2) :]
        chosen = [item for item in distinct(asked.history[::-1]) if item in weaker]
        if rng.random() < 0.5:
            chosen.sort(key=lambda item: not self._same_kind(item, asked.item))
        cited = tuple(chosen[:reasons])
        verdict = asked.label
        if rng.random() < FLIPPED_RATE:
            verdict = "no" if verdict == "yes" else "yes"
        text = self._writer.write(asked.item, verdict, cited, rng)
        return Explanation(text, verdict, cited, faithful=False)

    def _same_kind(self, item: int, other: int) -> bool:
        """Whether `item` has the first attribute value of `other`."""
        return any(value in self._writer.values[item] for value in self._writer.values[other][:1])
