"""The template teacher: explains by leave-one-out influence what moved the recommender.

Part of its texts, at the corruption rate, are plausible and unfaithful on purpose: they stand for
what a language model writes that never asked the recommender. They use the same sentences.
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
"""Smaller differences of percentile count as none, as in the faithfulness score."""
FLIPPED_RATE = 0.1
"""Share of the unfaithful texts whose verdict is wrong as well."""


@dataclass(frozen=True)
class Explanation:
    """A teacher's text, the verdict it gives and the items it cites.

    `faithful` is False for the corrupted texts.
    """

    text: str
    verdict: Label
    cited: tuple[int, ...]
    faithful: bool


class Teacher:
    """Chooses what to cite, and lets the writer put it in words.

    Args:
        verdict: where it stands: `first` ("Yes. ...") or `last` ("... Verdict: yes.").
        corruption_rate: share of unfaithful texts, in [0, 1]; 0 is the clean teacher.
        seed: a text depends on it, its question and the question's place in the list; a faithful
            text is the very one that the clean teacher writes.
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
        """An explanation for each question, of at most so many reasons, given the influences."""
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
        """Cites the most influential items; nothing where nothing speaks against a no item."""
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
        """Cites, of the less influential half, items of the same kind or the most recent ones."""
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
        """Whether an item has the first attribute value of another."""
        return any(value in self._writer.values[item] for value in self._writer.values[other][:1])
