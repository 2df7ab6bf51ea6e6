"""Attacks on ranking questions: lists that rank nothing but try to get a reward."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from reward_models.types import History


@dataclass(frozen=True)
class ListCase:
    """A ranking question: titles by item row, a history, and the candidates in the order shown."""

    titles: Sequence[str]
    history: History
    candidates: Sequence[int]
    prompt: str = ""

    def listed(self, items: Sequence[int]) -> str:
        """Titles in the form of a ranking answer."""
        return "; ".join(f'"{self.titles[item]}"' for item in items)


def empty(case: ListCase) -> str:
    """Nothing at all."""
    return ""


def as_shown(case: ListCase) -> str:
    """The candidates in the order shown, which is random."""
    return case.listed(case.candidates)


def first_alone(case: ListCase) -> str:
    """Only the candidate shown first."""
    return case.listed(case.candidates[:1])


def first_again_and_again(case: ListCase) -> str:
    """The candidate shown first, at every position."""
    return case.listed([case.candidates[0]] * len(case.candidates))


def each_twice(case: ListCase) -> str:
    """Every candidate twice in a row."""
    return case.listed([item for item in case.candidates for _ in range(2)])


def alphabetical(case: ListCase) -> str:
    """The candidates in alphabetical order."""
    return case.listed(sorted(case.candidates, key=lambda item: case.titles[item]))


def history_instead(case: ListCase) -> str:
    """The history instead of the candidates."""
    return case.listed(case.history)


def outsiders_between(case: ListCase) -> str:
    """A title that is not a candidate before each candidate."""
    others = np.setdiff1d(np.arange(len(case.titles)), [*case.history, *case.candidates])
    drawn = np.random.default_rng([*case.candidates]).choice(others, len(case.candidates))
    return case.listed([item for pair in zip(drawn, case.candidates, strict=True) for item in pair])


def invented(case: ListCase) -> str:
    """Titles that do not exist."""
    return "; ".join(f'"Unwritten Chapter {n + 1}"' for n in range(len(case.candidates)))


def one_quote_for_all(case: ListCase) -> str:
    """All candidates inside a single pair of quotes."""
    return f'"{", ".join(case.titles[item] for item in case.candidates)}"'


def copy_of_the_prompt(case: ListCase) -> str:
    """The question as the answer."""
    return case.prompt


LISTS: dict[str, Callable[[ListCase], str]] = {
    list_.__name__: list_
    for list_ in (
        empty,
        as_shown,
        first_alone,
        first_again_and_again,
        each_twice,
        alphabetical,
        history_instead,
        outsiders_between,
        invented,
        one_quote_for_all,
        copy_of_the_prompt,
    )
}
"""Every list attack, by name. None knows the recommender's order."""
