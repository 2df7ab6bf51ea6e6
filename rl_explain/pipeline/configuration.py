"""Configurations of runs: the general settings plus those of every method."""

from collections.abc import Sequence
from pathlib import Path

from rl_explain.config.reader import read_settings, read_yaml
from rl_explain.config.settings import Config as GeneralConfig
from rl_explain.config.settings import Methods, Rates, config_type
from rl_explain.errors import UserError
from rl_explain.pipeline.table import STAGES, Kind, Stage, method_rows, stage_rows

RATES = {
    Kind.SUPERVISED: Rates(tiny=5e-4, other=1e-4),
    Kind.ONLINE: Rates(tiny=1e-3, other=1e-5),
    Kind.PAIRED: Rates(tiny=5e-4, other=1e-5),
    Kind.JUDGE: Rates(tiny=5e-4, other=1e-5),
}


def run_config_type() -> type[GeneralConfig]:
    """The configuration class, with a group of settings for each method in the stage table."""
    owners = {row.group: row for row in STAGES.values() if row.settings is not None}
    return config_type(
        Methods(
            stages=tuple(stage_rows()),
            default_stages=tuple(row.name for row in stage_rows().values() if row.default),
            evaluated=tuple(method_rows()),
            always=tuple(row.name for row in method_rows().values() if row.kind is Kind.UNTRAINED),
            groups=tuple((name, row.settings) for name, row in owners.items() if row.settings),
            rates={name: RATES[row.kind] for name, row in owners.items() if _has_rate(row)},
        )
    )


def _has_rate(row: Stage) -> bool:
    """Whether the learning rate may be unset, so that its default depends on the base model."""
    return row.kind in RATES and hasattr(row.settings, "learning_rate")


Config = run_config_type()
"""The configuration class for the built-in stage table."""


def load_config(path: str | Path, overrides: Sequence[str] = ()) -> GeneralConfig:
    """Read a YAML file and apply `key=value` overrides with dotted keys.

    Raises:
        UserError: no such file, broken YAML, an unknown key or a value of the wrong type.
    """
    if "configs" in read_yaml(path):
        raise UserError(f"{path} is a study of many runs: give it to `rl-explain compare`.")
    return read_settings(path, overrides, run_config_type())
