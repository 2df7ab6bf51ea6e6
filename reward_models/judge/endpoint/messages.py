"""Builds the messages that ask a language model to judge explanations."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from reward_models.judge.endpoint import wording
from reward_models.judge.endpoint.fence import fence
from reward_models.judge.endpoint.replies import read_preference, read_rating
from reward_models.judge.types import JudgeCase

Message = dict[str, str]
"""`role` and `content`."""
QUOTED = 2_000
"""Most characters of an unreadable reply in the request for a repair."""


@dataclass(frozen=True)
class Question:
    """Messages, how to read the reply, and what to answer if it cannot be read."""

    messages: tuple[Message, ...]
    read: Callable[[str], str | None]
    form: str

    def repair(self, reply: str) -> "Question":
        """The question, an unreadable reply, and the request for a readable one."""
        asked_again = (
            {"role": "assistant", "content": reply[:QUOTED]},
            {"role": "user", "content": wording.REPAIR.format(form=self.form)},
        )
        return Question(self.messages + asked_again, self.read, self.form)


class Messages:
    """Builds questions about a catalogue's items.

    Args:
        titles: by item row.
        attributes: attribute name to values for each item; empty if the catalogue has none.
        told_verdict: whether the message states the recommender's verdict.
    """

    def __init__(
        self,
        titles: Sequence[str],
        attributes: Sequence[Mapping[str, tuple[str, ...]]],
        told_verdict: bool = True,
    ) -> None:
        self._titles, self._attributes, self._told = titles, attributes, told_verdict
        self._rating_rules = self._rules("an explanation", "explanation", wording.RATE_REPLY)
        self._preference_rules = self._rules(
            "two explanations", "explanations", wording.PREFER_REPLY
        )

    def rating(self, case: JudgeCase) -> Question:
        """Which level is the explanation on?"""
        content = self._content(case, {"explanation": case.text}, wording.ASK_RATING)
        return Question((self._rating_rules, content), read_rating, wording.RATING_FORM)

    def preference(self, first: JudgeCase, second: JudgeCase) -> Question:
        """Which explanation, in the order shown, is better?

        Raises:
            ValueError: they explain different questions.
        """
        if (first.history, first.item, first.label) != (second.history, second.item, second.label):
            raise ValueError(
                "a pair explains two different questions: compare explanations of one history, "
                "item and label."
            )
        texts = {"first-explanation": first.text, "second-explanation": second.text}
        content = self._content(first, texts, wording.ASK_PREFERENCE)
        return Question((self._preference_rules, content), read_preference, wording.PREFERENCE_FORM)

    def _rules(self, one: str, name: str, reply: str) -> Message:
        parts = (
            wording.ROLE.format(what=one),
            wording.TOLD if self._told else wording.NOT_TOLD,
            wording.LEVELS,
            wording.FENCE.format(what=name),
            reply,
        )
        return {"role": "system", "content": "\n".join(parts)}

    def _content(self, case: JudgeCase, texts: Mapping[str, str], ask: str) -> Message:
        history = "\n".join(f"{n}. {self._item(row)}" for n, row in enumerate(case.history, 1))
        code, fenced = fence({"history": history, "item": self._item(case.item), **texts})
        verdict = [wording.VERDICT.format(label=case.label)] if self._told else []
        lines = (wording.CODE.format(code=code), *verdict, fenced, ask)
        return {"role": "user", "content": "\n".join(lines)}

    def _item(self, row: int) -> str:
        """An item on one line: its title, and its attributes if it has any."""
        named = self._attributes[row] if self._attributes else {}
        known = "; ".join(
            f"{name}: {', '.join(values)}" for name, values in named.items() if values
        )
        line = f'"{self._titles[row]}"' + (f" ({known})" if known else "")
        return " ".join(line.split())
