"""Checks of settings; `where` is the configuration group that their errors name."""

import math
from typing import Any

from rl_explain.errors import UserError, unknown_name


def one_of(kind: str, value: str, valid: tuple[str, ...]) -> None:
    """`UserError` for a name that is not among the valid ones."""
    if value not in valid:
        raise unknown_name(kind, value, valid)


def positive(group: Any, where: str, *names: str) -> None:
    """`UserError` for a field of `group` that is set and not finite and above 0."""
    for name in names:
        value = getattr(group, name)
        if value is not None and not 0 < value < math.inf:
            raise UserError(f"{where}.{name} is {value}: give a number above 0.")


def in_unit_interval(group: Any, where: str, *names: str) -> None:
    """`UserError` for a field of `group` outside [0, 1)."""
    for name in names:
        value = getattr(group, name)
        if not 0 <= value < 1:
            raise UserError(f"{where}.{name} is {value}: give a number from 0 to below 1.")


def at_least(group: Any, where: str, name: str, least: int, why: str) -> None:
    """`UserError` for a field of `group` below the least; `why` says what needs so many."""
    value = getattr(group, name)
    if value < least:
        raise UserError(f"{where}.{name} is {value}: give {least} or more, {why}.")
