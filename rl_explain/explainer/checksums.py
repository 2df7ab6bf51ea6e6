"""SHA-256 checksums of a folder: written on export, verified on loading."""

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from rl_explain.errors import UserError

FILE = "SHA256SUMS"
"""In the format of `sha256sum`, so `sha256sum --check SHA256SUMS` can read it."""


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """Yield an empty folder to write into; at the end it gets checksums and replaces `folder`.

    If the block fails, `folder` is unchanged. An earlier export there is replaced; other files are
    never touched.

    Raises:
        UserError: `folder` is a file, or has files that no export wrote.
    """
    _refuse_foreign(folder)
    folder = folder.resolve()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as temporary:
        new = Path(temporary) / folder.name
        new.mkdir()
        yield new
        write_checksums(new)
        if folder.exists():
            shutil.rmtree(folder)
        new.rename(folder)


def _refuse_foreign(folder: Path) -> None:
    """Raise `UserError` if `folder` is a file or has files that its checksums do not list."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise UserError(f"{folder} is a file: give a folder to write.")
    known = {FILE, *_read(folder)} if (folder / FILE).is_file() else set()
    foreign = sorted({path.relative_to(folder).as_posix() for path in _files(folder)} - known)
    if foreign:
        raise UserError(
            f"{folder} contains {foreign[0]}, which no export wrote: give an empty or a new folder."
        )


def write_checksums(folder: Path) -> None:
    """Write `SHA256SUMS` of every other file in `folder` and its subfolders."""
    paths = sorted(path.relative_to(folder).as_posix() for path in _files(folder))
    lines = [f"{_sha256(folder / path)}  {path}\n" for path in paths if path != FILE]
    (folder / FILE).write_text("".join(lines), encoding="utf-8")


def verify_checksums(folder: Path) -> None:
    """Compare every listed file with its checksum; ignore files that are not listed.

    Raises:
        UserError: `SHA256SUMS` is missing or unreadable, or a listed file is missing or differs.
    """
    if not (folder / FILE).is_file():
        raise UserError(f"no {FILE} in {folder}: give a complete export, or export again.")
    for path, expected in _read(folder).items():
        if not (folder / path).is_file():
            raise UserError(f"{folder / path} is missing: fetch it, or export again.")
        if _sha256(folder / path) != expected:
            raise UserError(
                f"{folder / path} is not what was exported (its SHA-256 differs from {FILE}): "
                "fetch it again, or export again."
            )


def _read(folder: Path) -> dict[str, str]:
    """The SHA-256 of each listed file, by its path relative to `folder`."""
    lines = (folder / FILE).read_text(encoding="utf-8", errors="replace").splitlines()
    pairs = [line.split("  ", 1) for line in lines]
    if any(len(pair) != 2 for pair in pairs):
        raise UserError(f"{folder / FILE} cannot be read: export again.")
    return {path: found for found, path in pairs}


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if not path.is_dir()]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
