"""Digests of each stage's inputs: a run is refused if its inputs have changed since."""

import json
from pathlib import Path

from rl_explain.config.settings import DataConfig
from rl_explain.errors import UserError
from rl_explain.files import digest, file_digest
from rl_explain.pipeline.table import STAGES, needed, stage_rows

FILE = "made_from.json"
SOURCES = "the data files"
"""Name, in messages, of the files that `prepare` reads."""


def kept_stages() -> list[str]:
    """The stages whose lineage is kept, in order. Repeated stages separate their own results."""
    return [name for name, row in stage_rows().items() if not row.is_repeated]


def keep_lineage(run: Path, stage: str, data: DataConfig) -> None:
    """Save the digests of a stage's inputs before it runs."""
    if stage in kept_stages():
        (run / stage / FILE).write_text(json.dumps(_read_by(run, stage, data), indent=1) + "\n")


def check_lineage(run: Path, data: DataConfig) -> None:
    """Refuse a run in which an input of a stage has changed.

    Missing inputs are not compared, so a run can be moved away from its data.

    Raises:
        UserError: an input changed; the message names the stage, the input and what to delete.
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
    """Refuse missing data files, unless the run has already read them.

    Raises:
        UserError: a file is missing; the message names all missing files.
    """
    missing = [str(path) for path in source_files(data) if not path.is_file()]
    if missing and not finished(run, "prepare"):
        raise UserError(f"data: there is no file {' and no file '.join(missing)}; check the path.")


def check_ready(run: Path, stage: str) -> None:
    """Refuse a stage if stages that it needs, directly or not, are unfinished.

    Raises:
        UserError: names the stages to run first.
    """
    before = needed(STAGES[stage].reads)
    missing = [name for name in stage_rows() if name in before and not finished(run, name)]
    if missing:
        raise UserError(
            f"{stage} needs {', '.join(missing)}, not finished in {run}: run "
            f"`rl-explain {missing[0]} CONFIG` first, or every stage with `rl-explain run CONFIG`."
        )


def finished(run: Path, stage: str) -> bool:
    """Whether a stage is finished: its `metrics.json`, which is written last, exists."""
    return (run / stage / "metrics.json").is_file()


def source_files(data: DataConfig) -> list[Path]:
    """The data files of a configuration; none for generated data."""
    folder = Path(data.path or ".")
    if data.format == "movielens":
        return [folder / "ratings.csv", folder / "movies.csv"]
    return [folder / name for name in (data.interactions, data.items) if name]


def _read_by(run: Path, stage: str, data: DataConfig) -> dict[str, str]:
    """Digests of the inputs of a stage that exist, by name."""
    if not STAGES[stage].reads:
        sources = [path for path in source_files(data) if path.is_file()]
        return {SOURCES: " ".join(map(file_digest, sources))} if sources else {}
    through = [name for name in STAGES[stage].reads if finished(run, name)]
    return {f"the stage {name}": digest(run / name) for name in through}


def _made_from(run: Path, stage: str) -> list[str]:
    """The stage, and the run's existing stages that depend on it, directly or not."""
    found = [stage]
    for later in kept_stages():
        if set(STAGES[later].reads) & set(found) and (run / later).exists():
            found.append(later)
    return found
