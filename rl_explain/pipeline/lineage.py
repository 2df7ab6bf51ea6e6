"""What a stage was made from, by content: a folder that holds something else by now is refused."""

import json
from pathlib import Path

from rl_explain.config.settings import DataConfig
from rl_explain.errors import UserError
from rl_explain.files import digest, file_digest
from rl_explain.pipeline.table import STAGES, needed, stage_rows

FILE = "made_from.json"
SOURCES = "the data files"
"""What `prepare` reads."""


def kept_stages() -> list[str]:
    """The stages whose lineage is kept, in order; a stage that is repeated keeps apart by itself
    what it measured."""
    return [name for name, row in stage_rows().items() if not row.is_repeated]


def keep_lineage(run: Path, stage: str, data: DataConfig) -> None:
    """Write down what a stage is about to read."""
    if stage in kept_stages():
        (run / stage / FILE).write_text(json.dumps(_read_by(run, stage, data), indent=1) + "\n")


def check_lineage(run: Path, data: DataConfig) -> None:
    """Refuse a run in which something that a stage was made from is another one now.

    What is gone is not compared: a run can be moved away from its data.

    Raises:
        UserError: names the stage, what changed, and what to delete.
    """
    for stage in kept_stages():
        path = run / stage / FILE
        if not path.is_file():
            continue
        made, now = json.loads(path.read_text(encoding="utf-8")), _read_by(run, stage, data)
        changed = [name for name in made if name in now and made[name] != now[name]]
        if changed:
            raise UserError(
                f"{path.parent} was made from other contents of {' and '.join(changed)}: delete "
                f"{', '.join(_made_from(run, stage))} in {run}, or give another output_dir."
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
    before = needed(STAGES[stage].reads)
    missing = [name for name in stage_rows() if name in before and not finished(run, name)]
    if missing:
        raise UserError(
            f"{stage} reads what {', '.join(missing)} leave, which {run} lacks: perform "
            f"`rl-explain {missing[0]} CONFIG` first, or all in order by `rl-explain run CONFIG`."
        )


def finished(run: Path, stage: str) -> bool:
    """Whether a stage of a run is through: its `metrics.json` is written last."""
    return (run / stage / "metrics.json").is_file()


def source_files(data: DataConfig) -> list[Path]:
    """The files that a configuration's data are read from; none for generated data."""
    folder = Path(data.path or ".")
    if data.format == "movielens":
        return [folder / "ratings.csv", folder / "movies.csv"]
    return [folder / name for name in (data.interactions, data.items) if name]


def _read_by(run: Path, stage: str, data: DataConfig) -> dict[str, str]:
    """Digest of each thing that a stage reads, where it is there."""
    if not STAGES[stage].reads:
        sources = [path for path in source_files(data) if path.is_file()]
        return {SOURCES: " ".join(map(file_digest, sources))} if sources else {}
    through = [name for name in STAGES[stage].reads if finished(run, name)]
    return {f"the stage {name}": digest(run / name) for name in through}


def _made_from(run: Path, stage: str) -> list[str]:
    """A stage and those made from it, directly or not, that the run holds."""
    found = [stage]
    for later in kept_stages():
        if set(STAGES[later].reads) & set(found) and (run / later).exists():
            found.append(later)
    return found
