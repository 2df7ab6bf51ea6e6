"""Read YAML configurations with dotted overrides; errors name the closest valid key."""

import dataclasses
import typing
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml

from rl_explain.config.renamed import check_renamed
from rl_explain.config.validation import validated
from rl_explain.errors import UserError

T = TypeVar("T")


def read_settings(path: str | Path, overrides: Sequence[str], kind: type[T]) -> T:
    """Read a YAML file as settings of class `kind`, after dotted `key=value` overrides.

    Raises:
        UserError: a missing file, invalid YAML, an unknown key or a value of the wrong type.
    """
    values = read_yaml(path)
    for override in overrides:
        override_value(values, override, kind)
    check_renamed(values, path)
    return validated(kind, values)


def read_yaml(path: str | Path) -> dict[str, Any]:
    """The mapping in a YAML file; `UserError` if the file is missing or has no mapping."""
    path = Path(path)
    if not path.is_file():
        raise UserError(f"no configuration at {path}: give the path of a YAML file.")
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        raise UserError(f"{path} is not valid YAML: {error}") from None
    if not isinstance(values, dict):
        raise UserError(
            f"{path} contains {values!r}: a configuration is a mapping of keys to values."
        )
    return {key: value for key, value in values.items() if value is not None}


def override_value(values: dict[str, Any], override: str, kind: type) -> None:
    """Set one key of `values` in place, from `group.key=value`.

    Args:
        kind: class of the settings. It tells which values are text and gives the defaults of
            mappings: overriding one entry, such as a reward's weight, keeps the other entries.
    """
    key, equals, text = override.partition("=")
    if not equals:
        raise UserError(f"{override!r} is not an override: write key=value, such as seed=1.")
    *groups, name = key.split(".")
    default: Any = _defaults(kind)
    for group in groups:
        default = getattr(default, group, None)
        given = values.get(group)
        if given is None:
            given = default if isinstance(default, dict) else {}
        if not isinstance(given, dict):
            raise UserError(f"{override!r}: {group} is {given!r}, which is not a group of keys.")
        values[group] = dict(given)  # copied, since YAML aliases share one dict
        values = values[group]
    hint = typing.get_type_hints(type(default)).get(name) if default is not None else None
    values[name] = _parse(text, hint, override)


def _defaults(kind: type) -> Any:
    """Settings with every default; `None` if a field of the class has no default."""
    fields = dataclasses.fields(kind)
    missing = dataclasses.MISSING
    if any(f.default is missing and f.default_factory is missing for f in fields):
        return None
    return kind()


def _parse(text: str, hint: Any, override: str) -> Any:
    """The value after the equals sign: unchanged for text fields, else parsed as YAML."""
    if hint is str or (hint == str | None and text != "null"):
        return text
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UserError(f"{override!r}: the value is not valid YAML: {error}") from None


def to_yaml(config: Any) -> str:
    """The resolved configuration, as YAML that `read_settings` reads back."""
    plain = dataclasses.asdict(config, dict_factory=lambda pairs: {k: _plain(v) for k, v in pairs})
    return yaml.safe_dump(plain, sort_keys=False)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
