"""What made a run: settings of its stages, code, versions, hardware, command, seconds."""

import json
import platform
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, fields, is_dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from rl_explain.config.settings import Config
from rl_explain.errors import UserError
from rl_explain.files import write_json
from rl_explain.pipeline.lineage import FILE as LINEAGE

FILE = "record.json"
SETTINGS = "settings.json"
PACKAGES = ("torch", "transformers", "trl", "peft", "accelerate", "datasets", "numpy", "pandas")
DEPENDS: dict[str, tuple[str, ...]] = {
    "prepare": ("seed", "data"),
    "recommender": ("recommender",),
    "tasks": ("tasks", "teacher", "training.rl"),
    "sft": ("model", "training.sft", "evaluation.max_new_tokens"),
    "sft_clean": ("model", "training.sft", "evaluation.max_new_tokens"),
    "pairs": ("rewards", "training.pairs"),
    "rejection": ("training.rejection",),
    "ppo": ("rewards", "training.ppo"),
    "grpo": ("rewards", "training.grpo"),
    "rloo": ("rewards", "training.rloo"),
    "orpo": ("training.orpo",),
    "dpo": ("training.dpo",),
    "evaluate": (),
    "judge-train": ("model", "judge.endpoint", "training.judge"),
    "judge-check": (),
}
"""What of the configuration shapes a stage, beside what shapes the stages before it.

The evaluation and `judge-check` keep apart by themselves what was measured differently."""
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
    for stage in DEPENDS:
        path = run / stage / SETTINGS
        if not path.exists():
            continue
        made = _filled(json.loads(path.read_text(encoding="utf-8")))
        changed = sorted(set(_differences(made, settings_of(stage, config))) - RESULT_NEUTRAL)
        if changed:
            raise UserError(
                f"{path.parent} was made with other values of {', '.join(changed)}: give another "
                f"output_dir, or delete {path.parent} and the stages that stand on it."
            )


def keep_settings(run: Path, stage: str, config: Config) -> None:
    """Write down what a stage is about to be made with."""
    write_json(run / stage / SETTINGS, settings_of(stage, config))


def forget_settings(run: Path, stage: str) -> None:
    """Take that back if the stage left nothing else: a mended mistake can then be tried again."""
    folder = run / stage
    kept = [folder / SETTINGS, folder / LINEAGE]
    if set(folder.iterdir()) <= set(kept):
        for path in kept:
            path.unlink(missing_ok=True)
        folder.rmdir()


def add_to_record(
    run: Path,
    stage: str,
    seconds: float,
    config: Config,
    device: str,
    afresh: bool,
    **facts: Any,
) -> None:
    """Note what a stage ran on, for how long, and under which code; and `facts` of the run.

    Args:
        afresh: the stage began anew; otherwise its seconds add to those of the interrupted try.
    """
    record = read_record(run) or {"wall_seconds": {}, "commits": {}}
    spent = 0.0 if afresh else record["wall_seconds"].get(stage, 0.0)
    record |= {
        "seed": config.seed,
        "command": this_command(),
        "commit": source_commit(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in PACKAGES},
        "hardware": hardware(device, config.threads),
        **facts,
    }
    record["wall_seconds"][stage] = round(spent + seconds, 1)
    record["commits"][stage] = record["commit"]
    write_json(run / FILE, record)


def this_command() -> str:
    """The command that runs, as one would type it."""
    return shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])


def read_record(run: Path) -> dict[str, Any]:
    """The run's record; empty where nothing has run yet."""
    path = run / FILE
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}


def provenance(run: Path, config: Config, command: str | None = None) -> str:
    """What made a run, as Markdown.

    Args:
        command: in place of the last one that the record holds.
    """
    record = read_record(run)
    versions = ", ".join(f"{name} {number}" for name, number in record["versions"].items())
    seconds = ", ".join(f"{name} {s:.0f}" for name, s in record["wall_seconds"].items())
    commits = sorted({commit or "not a checkout" for commit in record["commits"].values()})
    rows = {
        "command": f"`{command or record['command']}`",
        "data": f"{config.data.format}, seed {record['seed']}",
        "recommender": _recommender(run),
        "model": config.model.name,
        "commit": ", ".join(commits),
        "hardware": record["hardware"],
        "versions": f"python {record['python']}, {versions}",
        "seconds a stage, up to here": seconds,
    }
    return "\n".join(f"- {name}: {value}" for name, value in rows.items())


def _recommender(run: Path) -> str:
    """How good the target is, on its own merits."""
    found = json.loads((run / "recommender" / "metrics.json").read_text(encoding="utf-8"))
    return (
        f"NDCG@10 {found['ndcg@10']:.3f} on last items (popularity "
        f"{found['popularity/ndcg@10']:.3f}), {found['top_items']:.0f} distinct top items"
    )


def settings_of(stage: str, config: Config) -> dict[str, Any]:
    """What of a configuration shapes a stage, beside what shapes the stages before it.

    The judge does where it is weighed.
    """
    values, keys = asdict(config), DEPENDS[stage]
    if "rewards" in keys and config.rewards.asks_judge:
        keys += JUDGE
    return dict(json.loads(json.dumps({key: _pick(values, key) for key in keys})))


def _pick(config: dict[str, Any], key: str) -> Any:
    for name in key.split("."):
        config = config[name]
    return config


def _filled(made: dict[str, Any]) -> dict[str, Any]:
    """Settings of a stage, with the defaults of those that did not exist when it was made."""
    return {key: _fill(value, _group(key)) for key, value in made.items()}


def _group(key: str) -> Any:
    """The default of a dotted key."""
    default: Any = Config()
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


def source_commit() -> str | None:
    """The commit of the source tree, if it is one, and whether files differ from it."""
    source = Path(__file__).resolve().parent.parent
    top = _git(source, "rev-parse", "--show-toplevel")
    if top is None or Path(top).resolve() != source:
        return None
    changed = _git(source, "status", "--porcelain", "--untracked-files=no")
    return f"{_git(source, 'rev-parse', 'HEAD')}{'-dirty' if changed else ''}"


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        answer = subprocess.run(
            ["git", *arguments], cwd=folder, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return answer.stdout.strip()


def hardware(device: str, threads: int) -> str:
    """What something ran on, in words."""
    if device == "cuda":
        return torch.cuda.get_device_name()
    return f"{_processor()}, {threads} threads"


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
