"""How items, histories and questions are written for the language model.

Three forms (RecExplainer, section 3): *behaviour* shows titles, *intention* virtual tokens,
*hybrid* both. An item is written the same way wherever it stands. A title always stands in double
quotes, so that the model copies the same tokens from a prompt into an answer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
import yaml

from rl_explain.config.settings import TASKS
from rl_explain.data.catalogue import SEPARATOR, Catalogue
from rl_explain.tasks.tokens import contribution_token, item_token
from rl_explain.teacher.writer import attribute_values


@dataclass(frozen=True)
class Templates:
    """The phrasings of every question: task, then kind of question, then texts with slots."""

    texts: Mapping[str, Mapping[str, Sequence[str]]]

    def draw(self, task: str, kind: str, rng: np.random.Generator | None) -> str:
        """One phrasing at random; without `rng` always the first."""
        options = self.texts[task][kind]
        return options[0 if rng is None else int(rng.integers(len(options)))]


@cache
def load_templates() -> Templates:
    """The phrasings that come with the package, one YAML file a task, and a user's own words."""
    folder = resources.files("rl_explain.tasks") / "phrasings"
    return Templates(
        {
            name: yaml.safe_load((folder / f"{name}.yaml").read_text("utf-8"))
            for name in (*TASKS, "pressure")
        }
    )


class Prompts:
    """Writes items, histories and questions about one catalogue.

    Args:
        show_attributes: whether an item is followed by its attributes, in brackets.
        verdict: where prompts ask for the verdict of an explanation: `first` or `last`.
        contributions: whether a history that is read against an item shows what each of its items
            contributes to the user, in place of the item's own embedding.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        show_attributes: bool = True,
        verdict: str = "first",
        contributions: bool = False,
    ) -> None:
        self._titles = [f'"{title}"' for title in catalogue.titles]
        values = [attribute_values(a) if show_attributes else [] for a in catalogue.attributes]
        self._attributes = [f" ({', '.join(v)})" if v else "" for v in values]
        self._templates = load_templates()
        self._contributions = contributions
        self.verdict = verdict

    def item(self, row: int, form: str, bare: bool = False) -> str:
        """`<|item_12|> "The Copper Lantern" (mystery, seafaring)`, or the part that `form` shows.

        Args:
            bare: leave the attributes out, for questions about them.
        """
        if form == "intention":
            return item_token(row)
        text = self._titles[row] + ("" if bare else self._attributes[row])
        return f"{item_token(row)} {text}" if form == "hybrid" else text

    def candidates(self, rows: Sequence[int], form: str, user: str) -> str:
        """Items to rank or to name, each right behind the user's token, as the asked item is."""
        behind = "" if form == "behaviour" else f"{user} "
        return SEPARATOR.join(behind + self.item(row, form) for row in rows)

    def items(self, rows: Sequence[int], form: str, bare: bool = False) -> str:
        """Several items, in the order given."""
        return SEPARATOR.join(self.item(row, form, bare) for row in rows)

    def history(
        self,
        rows: Sequence[int],
        form: str,
        user: str,
        asked: int | None = None,
        own_embeddings: bool = False,
    ) -> str:
        """A history, oldest first, before `user`, the virtual token of the whole.

        Args:
            asked: the item that the question is about, if one: its token then stands right before
                each item of the history, since how like the two are is what reasons stand on, and
                behind the user's, since that pair is what the recommender scores. A language
                model compares neighbours in a text most easily.
            own_embeddings: show the items' own embeddings, also where contributions are shown.
        """
        pair = user if asked is None else f"{user} {item_token(asked)}"
        if form == "intention":
            return pair
        if form == "behaviour":
            return self.items(rows, form)
        if asked is None:
            return f"{self.items(rows, form)} {pair}"
        tokens = [
            item_token(row)
            if own_embeddings or not self._contributions
            else contribution_token(user, place)
            for place, row in enumerate(rows)
        ]
        shown = [
            f"{item_token(asked)} {token} {self.item(row, 'behaviour')}"
            for token, row in zip(tokens, rows, strict=True)
        ]
        return f"{SEPARATOR.join(shown)} {pair}"

    def titles(self, rows: Sequence[int]) -> str:
        """An answer that lists items: `"A"; "B"; "C"`."""
        return SEPARATOR.join(self._titles[row] for row in rows)

    def question(
        self, task: str, rng: np.random.Generator | None = None, kind: str = "", **slots: str
    ) -> str:
        """A phrasing of the task's question, filled in; the first phrasing without `rng`.

        Args:
            kind: which of the task's questions, where it has several.
            slots: text for each placeholder of the phrasings.
        """
        return self._templates.draw(task, kind or task, rng).format(**slots)

    def counted(self, task: str, kind: str, number: int) -> str:
        """How the task's prompts say a number, from one."""
        return self._templates.texts[task][kind][number - 1]

    def explanation(
        self,
        history: Sequence[int],
        item: int,
        reasons: int,
        form: str,
        user: str,
        rng: np.random.Generator | None = None,
    ) -> str:
        """The question whether the recommender ranks `item` high, and why: one to three reasons."""
        return self.question(
            "explanation",
            rng,
            history=self.history(history, form, user, item),
            item=self.item(item, form),
            reasons=self.counted("explanation", "reasons", reasons),
            verdict=self._templates.draw("explanation", self.verdict, rng),
        )
