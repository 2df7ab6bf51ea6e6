"""The settings that each stage of a run was made with: a run resumes with the same ones only."""

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
"""What of the judge shapes its answers; what they may cost and where they are kept does not."""
RESULT_NEUTRAL = {"training.ppo.micro_batch_size"}
"""Settings that change memory and no result: they may change on the way."""


def check_settings(run: Path, config: Config) -> None:
    """Refuse a configuration that differs from what the run's stages were made with.

    A setting that is newer than the folder had its default there.

    Raises:
        UserError: names the stage and the settings.
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
                f"output_dir, or delete {path.parent} and the stages made from it."
            )


def keep_settings(run: Path, stage: str, config: Config) -> None:
    """Write down what a stage is about to be made with."""
    write_json(run / stage / FILE, settings_of(stage, config))


def forget_settings(run: Path, stage: str) -> None:
    """Take that back if the stage left nothing else: a mended mistake can then be tried again."""
    folder = run / stage
    kept = [folder / FILE, folder / LINEAGE]
    if set(folder.iterdir()) <= set(kept):
        for path in kept:
            path.unlink(missing_ok=True)
        folder.rmdir()


def settings_of(stage: str, config: Config) -> dict[str, Any]:
    """What of a configuration shapes a stage, beside what shapes the stages before it.

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
    """The settings in a file, with the defaults of those that did not exist when it was made.

    Raises:
        UserError: a group of settings that this version does not have.
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
