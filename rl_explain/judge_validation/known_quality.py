"""Explanations that were written to have a known quality level.

For each question there is one text of each kind in `LEVELS`. The recommender, not the wording,
decides what is right: the cited items are among those whose removal changes its score most, and
they share an attribute value that the asked item also has (a yes) or lacks (a no). Questions
without such items, and catalogues without attributes, give no texts, because no explanation of
level 4 exists for them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np

from reward_models.faithfulness import most_cited
from reward_models.judge.types import JudgeCase
from reward_models.perturb.effects import Question, distinct
from reward_models.types import OPPOSITE, Label
from rl_explain.data.catalogue import Catalogue
from rl_explain.errors import UserError
from rl_explain.judge_validation import phrasings
from rl_explain.recommenders.protocol import Recommender
from rl_explain.teacher.frames import article, enumerate_words
from rl_explain.teacher.influence import Influence, by_influence, leave_one_out
from rl_explain.teacher.template import MIN_INFLUENCE
from rl_explain.teacher.writer import attribute_values

FAITHFUL: Final = "faithful"
LEVELS: Final = {
    FAITHFUL: 4,
    "slip": 3,
    "generic": 2,
    "invented": 2,
    "flattering": 2,
    "injection": 2,
    "repeated": 2,
    "everything": 2,
    "wrong_verdict": 1,
    "master_key": 1,
}
"""The level of each kind by the rubric's definition. *Slip*: faithful plus one untrue remark;
*injection*: a right verdict, no reason, instructions to the judge; *repeated*: one true title
several times; *everything*: all titles of the history; *master key*: strings without content."""
DEGENERATE: Final = tuple(kind for kind, level in LEVELS.items() if level <= 2)
"""Kinds that a judge should rate below a faithful explanation."""
AMONG: Final = 3
"""The cited items are among this number of most influential items."""


@dataclass(frozen=True)
class KnownText:
    """An explanation of known `kind` and `level`; `question` is the number of its question."""

    kind: str
    level: int
    question: int
    case: JudgeCase


def known_texts(
    catalogue: Catalogue, recommender: Recommender, questions: Sequence[Question], seed: int = 0
) -> list[KnownText]:
    """A text of every kind for each question that allows them, question by question.

    Raises:
        UserError: no question allows them.
    """
    askable = [q for q in questions if most_cited(len(set(q.history))) >= 2]
    influences = leave_one_out(recommender, askable) if askable else []
    writer = _Writer(catalogue)
    texts = [
        KnownText(kind, LEVELS[kind], number, JudgeCase(text, q.history, q.item, q.label))
        for number, (q, influence) in enumerate(zip(askable, influences, strict=True))
        for kind, text in writer.write(q, influence, np.random.default_rng((seed, number)))
    ]
    if not texts:
        raise UserError(
            f"none of {len(questions)} questions has influential items that share an attribute: "
            "explanations of known quality need a catalogue with attributes, such as "
            "data.format=demo, and a trained recommender."
        )
    return texts


class _Writer:
    """Fills the slots of the phrasings."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._titles = catalogue.titles
        self._values = [attribute_values(attributes) for attributes in catalogue.attributes]
        self._all_values = sorted({value for values in self._values for value in values})
        self._known = {title.casefold() for title in catalogue.titles}

    def write(
        self, asked: Question, influence: Influence, rng: np.random.Generator
    ) -> Iterator[tuple[str, str]]:
        """Kind and text, for every kind; nothing if no text of level 4 is possible."""
        best = [i for i in by_influence(influence)[:AMONG] if influence[i] >= MIN_INFLUENCE]
        for cited in combinations(best, 2):
            if shared := self._connecting(asked, cited):
                slots = self._slots(asked, cited, str(rng.choice(shared)), rng)
                yield from self._texts(asked.label, slots, rng)
                return

    def _connecting(self, asked: Question, cited: Sequence[int]) -> list[str]:
        """Values that both cited items have and the asked item has too (a yes) or lacks (a no)."""
        first, second = (self._values[item] for item in cited)
        own, wanted = self._values[asked.item], asked.label == "yes"
        return [value for value in first if value in second and (value in own) == wanted]

    def _slots(
        self, asked: Question, cited: Sequence[int], value: str, rng: np.random.Generator
    ) -> dict[str, str]:
        history = distinct(asked.history)
        outside = [i for i in range(len(self._titles)) if i not in {*history, asked.item}]
        # rarely, no item of the history lacks the value: then the cited ones are used
        without = [i for i in history if value not in self._values[i]] or list(cited)
        p, q = rng.choice(without, 2, replace=len(without) < 2)
        lacked = [v for v in self._all_values if v not in self._values[cited[1]]]
        a_w = str(rng.choice(lacked))
        return {
            "x": self._quote(asked.item),
            "a": self._quote(cited[0]),
            "b": self._quote(cited[1]),
            "v": value,
            "a_v": f"{article(value)} {value}",
            "a_w": f"{article(a_w)} {a_w}",
            "p": self._quote(p),
            "q": self._quote(q),
            "all": enumerate_words([self._quote(item) for item in history]),
            "outside": self._quote(int(rng.choice(outside))),
            "made_up": f'"{self._made_up(rng)}"',
        }

    def _made_up(self, rng: np.random.Generator) -> str:
        """A title built from the catalogue's words that is not in the catalogue."""
        one, other = (self._titles[i].split()[-1] for i in rng.choice(len(self._titles), 2))
        title = f"The {one} of {other}"
        while title.casefold() in self._known:
            title = f"{title} Again"
        return title

    def _texts(
        self, label: Label, slots: dict[str, str], rng: np.random.Generator
    ) -> Iterator[tuple[str, str]]:
        def say(verdict: Label, options: Sequence[str], more: str = "") -> str:
            body = (str(rng.choice(options)) + more).format(**slots)
            return f"{verdict.capitalize()}. {body}{rng.choice(phrasings.FILLER)}"

        yield FAITHFUL, say(label, phrasings.FITS[label])
        yield "slip", say(label, phrasings.FITS[label], phrasings.SLIP)
        yield "generic", say(label, phrasings.GENERIC[label])
        yield "invented", say(label, phrasings.INVENTED[label])
        yield "flattering", say(label, phrasings.FLATTERING[label])
        yield "injection", say(label, phrasings.INJECTION)
        yield "repeated", say(label, phrasings.REPEATED)
        yield "everything", say(label, phrasings.EVERYTHING[label])
        yield "wrong_verdict", say(OPPOSITE[label], phrasings.FITS[OPPOSITE[label]])
        yield "master_key", str(rng.choice(phrasings.MASTER_KEYS))

    def _quote(self, item: int) -> str:
        return f'"{self._titles[item]}"'
