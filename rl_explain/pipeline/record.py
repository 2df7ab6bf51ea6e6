"""The record of a run: commit, versions, hardware, command, seconds."""

import json
import platform
import shlex
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

import rl_explain
from rl_explain.config.settings import Config
from rl_explain.files import write_json

FILE = "record.json"
PACKAGES = (
    "torch",
    "transformers",
    "trl",
    "peft",
    "accelerate",
    "datasets",
    "numpy",
    "pandas",
    "llguidance",
)


def add_to_record(
    run: Path,
    stage: str,
    seconds: float,
    config: Config,
    device: str,
    afresh: bool,
    **facts: Any,
) -> None:
    """Record a stage's hardware, time and commit, and further `facts` about the run.

    Args:
        afresh: the stage started from scratch; if not, `seconds` are added to those of the
            interrupted attempt.
    """
    record = read_record(run) or {"wall_seconds": {}, "commits": {}}
    spent = 0.0 if afresh else record["wall_seconds"].get(stage, 0.0)
    record |= {
        "seed": config.seed,
        "command": this_command(),
        "commit": source_commit(),
        "python": platform.python_version(),
        "versions": versions(),
        "hardware": hardware(device, config.threads),
        **facts,
    }
    record["wall_seconds"][stage] = round(spent + seconds, 1)
    record["commits"][stage] = record["commit"]
    write_json(run / FILE, record)


def versions() -> dict[str, str]:
    """Versions of the packages that results depend on, by name."""
    return {name: version(name) for name in PACKAGES}


def this_command() -> str:
    """The current command as typed in a shell."""
    return shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])


def read_record(run: Path) -> dict[str, Any]:
    """The run's record; empty if nothing has run yet."""
    path = run / FILE
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}


def provenance(run: Path, config: Config, command: str | None = None) -> str:
    """A run's record as a Markdown list.

    Args:
        command: shown instead of the record's last command.
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
        "seconds per stage, so far": seconds,
    }
    return "\n".join(f"- {name}: {value}" for name, value in rows.items())


def _recommender(run: Path) -> str:
    """How well the recommender itself ranks."""
    found = json.loads((run / "recommender" / "metrics.json").read_text(encoding="utf-8"))
    return (
        f"NDCG@10 {found['ndcg@10']:.3f} on last items (popularity "
        f"{found['popularity/ndcg@10']:.3f}), {found['top_items']:.0f} distinct top items"
    )


def source_commit() -> str | None:
    """The commit of the source tree, with `-dirty` if files differ; `None` outside a checkout."""
    source = Path(rl_explain.__file__).resolve().parents[1]
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
    """The GPU's name, or the processor and the number of threads."""
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
