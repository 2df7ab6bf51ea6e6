"""Keys that version 0.2 renamed: a 0.1 configuration is rejected with the new name of its key."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rl_explain.errors import UserError

RENAMED = {
    "alignment.noise": "teacher.corruption_rate",
    "alignment": "tasks",
    "data.max_states": "data.max_user_histories",
    "data.states_per_user": "data.histories_per_user",
    "evaluation.alignment_cases": "evaluation.task_cases",
    "evaluation.established": "evaluation.literature_metrics",
    "evaluation.grounded_decoding": "evaluation.constrained_decoding",
    "training.pairs.grounded_decoding": "training.pairs.constrained_decoding",
    "training.ppo.grounded_decoding": "training.ppo.constrained_decoding",
    "training.ppo.sibling_baseline": "training.ppo.prefix_baseline",
    "training.ppo.sibling_scale": "training.ppo.group_scale",
}
"""Old key to new key; keys inside a renamed group keep their names unless listed."""


RENAMED_METRICS = {
    "regret_score": "score",
    "established": "literature",
    "_marginal": "_replacement_mean",
}
"""Part of a metric's name in 0.1 to its name in 0.2, e.g. in `faithfulness/regret_score`."""


def check_renamed(values: Mapping[str, Any], path: str | Path) -> None:
    """Raise `UserError` for the first 0.1 key or metric in a configuration and name the new one."""
    given = set(_keys(values))
    for old, new in RENAMED.items():
        if old in given:
            raise UserError(f"{path}: the key {old!r} of version 0.1 is now {new!r}: rename it.")
    for metric in _listed(values):
        for old, new in RENAMED_METRICS.items():
            if "/" in metric and old in metric:
                now = metric.replace(old, new)
                raise UserError(f"{path}: the metric {metric!r} of version 0.1 is now {now!r}.")


def _keys(values: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Every dotted key: the groups and the keys inside them."""
    for key, value in values.items():
        yield f"{prefix}{key}"
        if isinstance(value, Mapping):
            yield from _keys(value, f"{prefix}{key}.")


def _listed(values: Mapping[str, Any]) -> Iterator[str]:
    """Every string in a list, at any depth of groups; metrics are among them."""
    for value in values.values():
        if isinstance(value, Mapping):
            yield from _listed(value)
        elif isinstance(value, list):
            yield from (item for item in value if isinstance(item, str))
