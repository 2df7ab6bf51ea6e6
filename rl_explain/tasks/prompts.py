"""Write items, histories and questions for the language model.

Three forms (RecExplainer, section 3): *behaviour* shows titles, *intention* virtual tokens,
*hybrid* both. An item is written the same way everywhere, and its title is always in double quotes,
so that the model copies the same tokens from a prompt into an answer.
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
    """The phrasings of every question: task to kind of question to texts with slots."""

    texts: Mapping[str, Mapping[str, Sequence[str]]]

    def draw(self, task: str, kind: str, rng: np.random.Generator | None) -> str:
        """A random phrasing; the first one without `rng`."""
        options = self.texts[task][kind]
        return options[0 if rng is None else int(rng.integers(len(options)))]


@cache
def load_templates() -> Templates:
    """The package's phrasings: one YAML file per task, and one of the sycophancy probe."""
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
        show_attributes: whether items show their attributes, in brackets after the title.
        verdict: where explanations must give the verdict: `first` or `last`.
        contributions: whether a history with an asked item shows each item's contribution to the
            user embedding instead of the item's own embedding.
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
            bare: omit the attributes, for questions about them.
        """
        if form == "intention":
            return item_token(row)
        text = self._titles[row] + ("" if bare else self._attributes[row])
        return f"{item_token(row)} {text}" if form == "hybrid" else text

    def candidates(self, rows: Sequence[int], form: str, user: str) -> str:
        """Items to rank or to name, each right after the user's token, as the asked item is."""
        behind = "" if form == "behaviour" else f"{user} "
        return SEPARATOR.join(behind + self.item(row, form) for row in rows)

    def items(self, rows: Sequence[int], form: str, bare: bool = False) -> str:
        """Several items, in the given order."""
        return SEPARATOR.join(self.item(row, form, bare) for row in rows)

    def history(
        self,
        rows: Sequence[int],
        form: str,
        user: str,
        asked: int | None = None,
        own_embeddings: bool = False,
    ) -> str:
        """A history, oldest first, followed by `user`, the virtual token of the whole history.

        Args:
            asked: the item that the question is about, if any. Its token is written before each
                history item, since reasons depend on their similarity, and after the user's token,
                since the recommender scores that pair. Language models compare adjacent tokens
                most easily.
            own_embeddings: show the items' own embeddings instead of contributions.
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
        """A random phrasing of the task's question, filled in; the first one without `rng`.

        Args:
            kind: which of the task's questions, if it has several.
            slots: text for each placeholder of the phrasings.
        """
        return self._templates.draw(task, kind or task, rng).format(**slots)

    def counted(self, task: str, kind: str, number: int) -> str:
        """The task's wording of a number, from one."""
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
        """The question whether the recommender ranks `item` high, and why; one to three reasons."""
        return self.question(
            "explanation",
            rng,
            history=self.history(history, form, user, item),
            item=self.item(item, form),
            reasons=self.counted("explanation", "reasons", reasons),
            verdict=self._templates.draw("explanation", self.verdict, rng),
        )
