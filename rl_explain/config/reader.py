"""Configurations as flat YAML with dotted overrides; mistakes name the closest valid key."""

import dataclasses
import types
import typing
from pathlib import Path
from typing import Any

import yaml

from rl_explain.config.settings import Config
from rl_explain.errors import UserError, unknown_name


def load_config(path: str | Path, overrides: list[str] | None = None) -> Config:
    """Read a YAML file and apply `key=value` overrides with dotted keys.

    Raises:
        UserError: no such file, broken YAML, an unknown key or a value of the wrong type.
    """
    values = read_yaml(path)
    if "configs" in values:
        raise UserError(f"{path} is a study of many runs: give it to `rl-explain compare`.")
    for override in overrides or []:
        _set(values, override)
    return build(Config, values)


def read_yaml(path: str | Path) -> dict[str, Any]:
    """The keys and values of a YAML file; `UserError` when it is missing or holds none."""
    path = Path(path)
    if not path.is_file():
        raise UserError(f"no configuration at {path}: give the path of a YAML file.")
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        raise UserError(f"{path} is no valid YAML: {error}") from None
    if not isinstance(values, dict):
        raise UserError(f"{path} holds {values!r}: a configuration is a mapping of keys to values.")
    return values


def _set(values: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    if not equals:
        raise UserError(f"{override!r} is no override: write key=value, such as seed=1.")
    *groups, name = key.split(".")
    default: Any = Config()
    for group in groups:
        default = getattr(default, group, None)
        given = values.get(group)
        if given is None:
            # One entry of a mapping, such as a reward's weight, leaves its other entries alone.
            given = default if isinstance(default, dict) else {}
        if not isinstance(given, dict):
            raise UserError(f"{override!r}: {group} is {given!r}, which is no group of keys.")
        values[group] = dict(given)  # a group that a YAML alias repeats elsewhere stays as it is
        values = values[group]
    hint = typing.get_type_hints(type(default)).get(name) if default is not None else None
    values[name] = _read_value(text, hint, override)


def _read_value(text: str, hint: Any, override: str) -> Any:
    """The value after the equals sign: as it is where text is wanted, else as YAML."""
    if hint is str or (hint == str | None and text != "null"):
        return text
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UserError(f"{override!r}: the value is no valid YAML: {error}") from None


def build(kind: type, values: dict[str, Any], where: str = "") -> Any:
    """The dataclass `kind` from plain values; `where` is the dotted prefix for messages."""
    hints = typing.get_type_hints(kind)
    arguments = {}
    for key, value in values.items():
        if key not in hints:
            raise unknown_name("key", f"{where}{key}", [f"{where}{name}" for name in hints])
        arguments[key] = _coerce(hints[key], value, f"{where}{key}")
    return kind(**arguments)


def _coerce(hint: Any, value: Any, where: str) -> Any:
    if hint is Any:
        return value
    if dataclasses.is_dataclass(hint):
        if not isinstance(value, dict):
            raise UserError(f"{where} is {value!r}: it is a group of keys.")
        return build(typing.cast(type, hint), value, f"{where}.")
    if isinstance(hint, types.UnionType):
        options = typing.get_args(hint)
        if value is None and type(None) in options:
            return None
        return _coerce(next(o for o in options if o is not type(None)), value, where)
    origin = typing.get_origin(hint) or hint
    if origin is tuple and isinstance(value, list | tuple):
        return tuple(_coerce(typing.get_args(hint)[0], item, where) for item in value)
    if origin is dict and isinstance(value, dict):
        inner = typing.get_args(hint)[1]
        return {str(k): _coerce(inner, v, f"{where}.{k}") for k, v in value.items()}
    if origin is float and isinstance(value, int | float | str) and not isinstance(value, bool):
        return _number(value, where)
    if origin is str and isinstance(value, int | float):
        return str(value)
    if isinstance(value, origin) and not (origin is int and isinstance(value, bool)):
        return value
    raise UserError(
        f"{where} is {value!r}: give a value of type {getattr(hint, '__name__', hint)}."
    )


def _number(value: float | str, where: str) -> float:
    """YAML reads 1e-5 as text: accept it."""
    try:
        return float(value)
    except ValueError:
        raise UserError(f"{where} is {value!r}: give a number.") from None


def to_yaml(config: Config) -> str:
    """The resolved configuration, as YAML that `load_config` reads back."""
    plain = dataclasses.asdict(config, dict_factory=lambda pairs: {k: _plain(v) for k, v in pairs})
    return yaml.safe_dump(plain, sort_keys=False)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
