"""The exception for errors that the user can fix."""

from collections.abc import Iterable
from difflib import get_close_matches


class UserError(ValueError):
    """A mistake in input or configuration; the command line prints only its message."""


def unknown_name(kind: str, name: str, valid: Iterable[str]) -> UserError:
    """An error for a `name` that is not in `valid`; it suggests the closest name and lists all."""
    names = sorted(valid)
    close = get_close_matches(name, names, n=1, cutoff=0.4)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    return UserError(f"unknown {kind} {name!r}.{hint} Valid: {', '.join(names)}.")
