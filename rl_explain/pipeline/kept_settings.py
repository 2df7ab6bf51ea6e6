"""The settings of each finished or started stage; a run resumes only with the same settings."""

import json
from collections.abc import Iterator
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path
from typing import Any

from rl_explain.config.renamed import check_renamed
from rl_explain.config.settings import Config
from rl_explain.errors import UserError
from rl_explain.files import write_json
from rl_explain.pipeline.lineage import FILE as LINEAGE
from rl_explain.pipeline.table import STAGES, stage_rows

FILE = "settings.json"
JUDGE = (
    *("judge.kind", "judge.endpoint", "judge.members", "judge.combine"),
    *("judge.length", "judge.length_slope", "judge.length_centre"),
)
"""Judge settings that change its answers. Budget and cache settings do not."""
RESULT_NEUTRAL = {"training.ppo.micro_batch_size"}
"""Settings that change memory use but no result; they may change when a run resumes."""


def check_settings(run: Path, config: Config) -> None:
    """Refuse a configuration that differs from the settings of the run's existing stages.

    A setting that did not exist when the stage ran counts as its default.

    Raises:
        UserError: a setting differs; the message names the stage and the settings.
    """
    for stage in stage_rows():
        path = run / stage / FILE
        if not path.exists():
            continue
        made = _filled(path, type(config)())
        changed = sorted(set(_differences(made, settings_of(stage, config))) - RESULT_NEUTRAL)
        if changed:
            raise UserError(
                f"{path.parent} was made with other values of {', '.join(changed)}: give another "
                f"output_dir, or delete {path.parent} and the stages that depend on it."
            )


def keep_settings(run: Path, stage: str, config: Config) -> None:
    """Save the settings of a stage that is about to run."""
    write_json(run / stage / FILE, settings_of(stage, config))


def forget_settings(run: Path, stage: str) -> None:
    """Delete the saved settings if the stage wrote nothing else, so that it can be retried."""
    folder = run / stage
    kept = [folder / FILE, folder / LINEAGE]
    if set(folder.iterdir()) <= set(kept):
        for path in kept:
            path.unlink(missing_ok=True)
        folder.rmdir()


def settings_of(stage: str, config: Config) -> dict[str, Any]:
    """The settings that affect a stage directly, without those that affect the stages it reads.

    Judge settings count only if the judge has a weight.
    """
    values, keys = asdict(config), STAGES[stage].shaped_by
    if "rewards" in keys and config.rewards.asks_judge:
        keys += JUDGE
    return dict(json.loads(json.dumps({key: _pick(values, key) for key in keys})))


def _pick(config: dict[str, Any], key: str) -> Any:
    for name in key.split("."):
        config = config[name]
    return config


def _filled(path: Path, defaults: Config) -> dict[str, Any]:
    """The settings in a file, with defaults for settings added since it was written.

    Raises:
        UserError: the file has a group of settings that this version lacks.
    """
    made = json.loads(path.read_text(encoding="utf-8"))
    check_renamed(made, path)
    return {key: _fill(value, _group(key, defaults)) for key, value in made.items()}


def _group(key: str, defaults: Config) -> Any:
    """The default of a dotted key."""
    default: Any = defaults
    for name in key.split("."):
        default = getattr(default, name)
    return default


def _fill(made: Any, default: Any) -> Any:
    if not is_dataclass(default) or not isinstance(made, dict):
        return made
    own = {f.name: getattr(default, f.name) for f in fields(default)}
    plain = json.loads(json.dumps(asdict(default)))  # type: ignore[arg-type]
    return plain | {name: _fill(value, own.get(name)) for name, value in made.items()}


def _differences(made: Any, now: Any, where: str = "") -> Iterator[str]:
    if isinstance(made, dict) and isinstance(now, dict):
        for key in made.keys() | now.keys():
            yield from _differences(made.get(key), now.get(key), f"{where}.{key}" if where else key)
    elif made != now:
        yield where
