"""What a stage was made from, by content: a folder that holds something else by now is refused."""

import json
from pathlib import Path

from rl_explain.config.settings import DataConfig
from rl_explain.errors import UserError
from rl_explain.files import digest, file_digest

FILE = "made_from.json"
READS: dict[str, tuple[str, ...]] = {
    "prepare": (),
    "recommender": ("prepare",),
    "tasks": ("prepare", "recommender"),
    "sft": ("tasks",),
    "sft_clean": ("tasks",),
    "pairs": ("tasks", "sft"),
    "rejection": ("pairs", "sft"),
    "ppo": ("tasks", "sft"),
    "grpo": ("tasks", "sft"),
    "rloo": ("tasks", "sft"),
    "orpo": ("pairs", "sft"),
    "dpo": ("pairs", "sft"),
    "judge-train": ("prepare", "recommender"),
}
"""The stages that a stage reads. The evaluation keeps apart by itself what it measured."""
NEEDS = READS | {"evaluate": ("tasks",), "judge-check": ("prepare", "recommender")}
"""The stages that a stage cannot do without; the evaluation takes the methods that are there."""
SOURCES = "the data files"
"""What `prepare` reads."""


def keep_lineage(run: Path, stage: str, data: DataConfig) -> None:
    """Write down what a stage is about to read."""
    if stage in READS:
        (run / stage / FILE).write_text(json.dumps(_read_by(run, stage, data), indent=1) + "\n")


def check_lineage(run: Path, data: DataConfig) -> None:
    """Refuse a run in which something that a stage was made from is another one now.

    What is gone is not compared: a run can be moved away from its data.

    Raises:
        UserError: names the stage, what changed, and what to delete.
    """
    for stage in READS:
        path = run / stage / FILE
        if not path.is_file():
            continue
        made, now = json.loads(path.read_text(encoding="utf-8")), _read_by(run, stage, data)
        changed = [name for name in made if name in now and made[name] != now[name]]
        if changed:
            raise UserError(
                f"{path.parent} was made from other contents of {' and '.join(changed)}: delete "
                f"{', '.join(_standing_on(run, stage))} in {run}, or give another output_dir."
            )


def check_sources(run: Path, data: DataConfig) -> None:
    """Refuse data files that are not there, unless the run has read them already.

    Raises:
        UserError: names the files.
    """
    missing = [str(path) for path in source_files(data) if not path.is_file()]
    if missing and not finished(run, "prepare"):
        raise UserError(f"data: there is no file {' and no file '.join(missing)}; check the path.")


def check_ready(run: Path, stage: str) -> None:
    """Refuse a stage before those that it reads, and those that they read.

    Raises:
        UserError: names the stages to perform first.
    """
    needed = _needed(NEEDS[stage])
    missing = [name for name in READS if name in needed and not finished(run, name)]
    if missing:
        raise UserError(
            f"{stage} reads what {', '.join(missing)} leave, which {run} lacks: perform "
            f"`rl-explain {missing[0]} CONFIG` first, or all in order by `rl-explain run CONFIG`."
        )


def _needed(stages: tuple[str, ...]) -> set[str]:
    return set(stages).union(*(_needed(READS[stage]) for stage in stages))


def finished(run: Path, stage: str) -> bool:
    """Whether a stage of a run is through: its metrics are written last."""
    return (run / stage / "metrics.json").is_file()


def _read_by(run: Path, stage: str, data: DataConfig) -> dict[str, str]:
    """Digest of each thing that a stage reads, where it is there."""
    if stage == "prepare":
        sources = [path for path in source_files(data) if path.is_file()]
        return {SOURCES: " ".join(map(file_digest, sources))} if sources else {}
    through = [name for name in READS[stage] if finished(run, name)]
    return {f"the stage {name}": digest(run / name) for name in through}


def source_files(data: DataConfig) -> list[Path]:
    """The files that a configuration's data are read from; none for generated data."""
    folder = Path(data.path or ".")
    if data.format == "movielens":
        return [folder / "ratings.csv", folder / "movies.csv"]
    return [folder / name for name in (data.interactions, data.items) if name]


def _standing_on(run: Path, stage: str) -> list[str]:
    """A stage and those made from it, directly or not, that the run holds."""
    standing = [stage]
    for later, reads in READS.items():
        if set(reads) & set(standing) and (run / later).exists():
            standing.append(later)
    return standing
