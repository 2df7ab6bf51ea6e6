"""Settings as dataclasses validated by pydantic; every mistake becomes a `UserError`.

A class decorated with `settings("training.sft")` is an ordinary dataclass. Its fields are checked
and converted on construction, from Python or from a file. Every message starts with the group's
name.
"""

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Annotated, Any, TypeVar, dataclass_transform

import pydantic.dataclasses
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from rl_explain.errors import UserError, unknown_name

T = TypeVar("T")
Share = Annotated[float, Field(ge=0, lt=1)]
"""From 0 to below 1."""
UnitInterval = Annotated[float, Field(ge=0, le=1)]
"""From 0 to 1."""

_RULES = ConfigDict(
    extra="forbid",
    coerce_numbers_to_str=True,
    allow_inf_nan=False,
    use_attribute_docstrings=True,
)
_WANTED: dict[str, str] = {
    "greater_than": "a number above {gt}",
    "greater_than_equal": "{ge} or more",
    "less_than": "a number below {lt}",
    "less_than_equal": "{le} or less",
    "finite_number": "a finite number",
    "float_parsing": "a number",
    "float_type": "a number",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "string_type": "text",
    "tuple_type": "a list",
    "dict_type": "a group of keys",
    "dataclass_type": "a group of keys",
}
"""Pydantic's error type to what the user should give; the error's context fills `{gt}` etc."""


@dataclass_transform(field_specifiers=(dataclasses.field, Field))
def settings(group: str = "") -> Callable[[type[T]], type[T]]:
    """Decorate a settings class.

    Args:
        group: dotted name of the group in a configuration; "" for the whole configuration.
    """

    def decorate(kind: type[T]) -> type[T]:
        made: Any = pydantic.dataclasses.dataclass(kind, config=_RULES)
        construct = made.__init__

        @wraps(construct)
        def __init__(self: Any, *values: Any, **named: Any) -> None:
            try:
                construct(self, *values, **named)
            except ValidationError as error:
                raise user_error(error, type(self), group) from None

        made.__init__ = __init__
        made.group = group
        return made  # type: ignore[no-any-return]

    return decorate


def validated(kind: type[T], values: Mapping[str, Any], group: str = "") -> T:
    """Settings of class `kind` from plain values; `UserError` names the first mistake."""
    try:
        return TypeAdapter(kind).validate_python(dict(values))
    except ValidationError as error:
        raise user_error(error, kind, group) from None


def user_error(error: ValidationError, kind: Any, group: str = "") -> UserError:
    """Pydantic's first error, as a `UserError`."""
    found = error.errors()[0]
    where = ".".join(str(part) for part in (group, *found["loc"]) if part != "")
    own = (found.get("ctx") or {}).get("error")
    if isinstance(own, ValueError):  # raised by a check in `__post_init__`, with its own message
        return own if isinstance(own, UserError) else UserError(f"{where}: {own}")
    if found["type"] == "unexpected_keyword_argument":
        return _unknown_key(found, kind, group)
    if found["type"] == "literal_error":
        return unknown_name(where, found["input"], _choices(kind, found["loc"]))
    return UserError(f"{where} is {found['input']!r}: give {_wanted(found, kind)}.")


def _wanted(found: ErrorDetails, kind: Any) -> str:
    """What the user should give instead of an invalid value."""
    if (bounds := _bounds(kind, found["loc"])) and found["type"] in _WANTED:
        return f"a number from {bounds}"
    wanted = _WANTED.get(found["type"])
    if wanted is None:
        return found["msg"].removeprefix("Input should be ")
    return wanted.format(**(found.get("ctx") or {}))


def _bounds(kind: Any, place: Sequence[int | str]) -> str:
    """`0 to 1` or `0 to below 1` for a field with both bounds; else ""."""
    group = _type_at(kind, place[:-1])
    if not dataclasses.is_dataclass(group):
        return ""
    hints = typing.get_type_hints(group, include_extras=True)
    parts = getattr(hints.get(str(place[-1])), "__metadata__", ())
    limits = [limit for part in parts for limit in getattr(part, "metadata", [part])]
    found = {n: getattr(x, n) for n in ("ge", "le", "lt") for x in limits if hasattr(x, n)}
    if "ge" in found and "le" in found:
        return f"{found['ge']} to {found['le']}"
    return f"{found['ge']} to below {found['lt']}" if "ge" in found and "lt" in found else ""


def _unknown_key(found: ErrorDetails, kind: Any, group: str) -> UserError:
    *parents, key = map(str, found["loc"])
    prefix = "".join(f"{part}." for part in (group, *parents) if part)
    valid = [field.name for field in dataclasses.fields(_type_at(kind, parents))]
    return unknown_name("key", f"{prefix}{key}", [f"{prefix}{name}" for name in valid])


def _choices(kind: Any, place: Sequence[int | str]) -> list[str]:
    return [str(choice) for choice in typing.get_args(_type_at(kind, place))]


def _type_at(kind: Any, place: Sequence[int | str]) -> Any:
    """The type at a path such as ("training", "sft", "steps") of a settings class."""
    for part in place:
        kind = _plain(kind)
        if dataclasses.is_dataclass(kind):
            kind = typing.get_type_hints(kind)[str(part)]
        else:  # a list item or a mapping's value
            kind = next(a for a in reversed(typing.get_args(kind)) if a is not Ellipsis)
    return _plain(kind)


def _plain(hint: Any) -> Any:
    """A type without `None`."""
    if isinstance(hint, types.UnionType):
        hint = next(option for option in typing.get_args(hint) if option is not type(None))
    return hint
