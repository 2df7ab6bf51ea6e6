"""The input and output of a judge.

A judge rates an explanation on four levels (RecExplainer, Lei et al. 2024, section 4.3): 1 wrong
verdict; 2 right verdict, missing, irrelevant or invented reasons; 3 right verdict, consistent
reasons, minor flaws; 4 right verdict, says what the user's items have in common and how the item
fits them or does not. Or it says which of two explanations of one question is better.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol, TypeAlias

from reward_models.types import FAILED, Failed, History, Label

LOWEST: Final = 1
HIGHEST: Final = 4

Rating: TypeAlias = float | Failed
"""From `LOWEST` to `HIGHEST`; `FAILED` if the judge gave no readable answer."""
Preference: TypeAlias = Literal["first", "second", "tie"] | Failed


@dataclass(frozen=True)
class JudgeCase:
    """One explanation, and the question that it answers."""

    text: str
    history: History
    """Item rows, oldest first."""
    item: int
    """Row of the item that the question is about."""
    label: Label
    """The recommender's own verdict. A judge that plays a user must not read it."""


class Judge(Protocol):
    """Rates explanations and compares them; built for one catalogue."""

    def rate(self, cases: Sequence[JudgeCase]) -> list[Rating]:
        """A rating for each case.

        Raises:
            JudgeError: the judge cannot continue.
        """
        ...

    def prefer(self, pairs: Sequence[tuple[JudgeCase, JudgeCase]]) -> list[Preference]:
        """For each pair of explanations of one question, which is better.

        Raises:
            JudgeError: the judge cannot continue.
        """
        ...


class JudgeError(RuntimeError):
    """The judge cannot continue; the message says why and what to do.

    It ends a training, which would otherwise run on without scores. Answers so far are kept.
    """


def prefer_by_rating(
    rate: Callable[[Sequence[JudgeCase]], Sequence[Rating]],
    pairs: Sequence[tuple[JudgeCase, JudgeCase]],
) -> list[Preference]:
    """Preferences of a judge that rates one explanation at a time.

    The explanation rated higher wins; equal ratings are a tie. `FAILED` where either has no rating.
    The order of a pair does not matter.
    """
    ratings = rate([case for pair in pairs for case in pair])
    return [
        _higher(first, second) for first, second in zip(ratings[::2], ratings[1::2], strict=True)
    ]


def _higher(first: Rating, second: Rating) -> Preference:
    if isinstance(first, Failed) or isinstance(second, Failed):
        return FAILED
    if first == second:
        return "tie"
    return "first" if first > second else "second"
