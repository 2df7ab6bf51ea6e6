"""Atomic writes, and digests of files, folders, code and values."""

import ast
import hashlib
import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

RESULTS = (".csv", ".json", ".jsonl", ".safetensors")
PROTOCOLS = {"metrics.json", "settings.json", "log.jsonl", "samples.jsonl", "made_from.json"}
"""Files of a stage that describe the run, not its results."""


def write_json(path: Path, value: Any, indent: int | None = 1) -> None:
    """Write a JSON file atomically."""
    text = json.dumps(value, indent=indent, ensure_ascii=False) + "\n"
    unfinished = path.with_name(f"{path.name}.unfinished")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)


def digest(folder: Path) -> str:
    """A SHA-256 of the result files in a stage's or an adapter's folder."""
    found = hashlib.sha256()
    for path in sorted(_results(folder)):
        found.update(f"{path.relative_to(folder)} {file_digest(path)}\n".encode())
    return found.hexdigest()


def code_digest(*packages: ModuleType) -> str:
    """A SHA-256 of the code of packages, for results that become stale when it changes.

    It hashes syntax trees, so comments, docstrings and layout do not matter.
    """
    folders = [Path(str(package.__file__)).parent for package in packages]
    files = sorted(path for folder in folders for path in folder.rglob("*.py"))
    return value_digest(*map(_tree, files))


@lru_cache(maxsize=1024)
def _tree(path: Path) -> str:
    """The syntax tree of a file, without docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [part for part in body if not _is_text(part)]  # type: ignore[attr-defined]
    return ast.dump(tree)


def _is_text(statement: ast.AST) -> bool:
    """Whether a statement is only a string, as docstrings are."""
    is_expression = isinstance(statement, ast.Expr)
    return is_expression and isinstance(getattr(statement.value, "value", None), str)  # type: ignore[attr-defined]


def value_digest(*parts: Any) -> str:
    """A SHA-256 of plain values."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def file_digest(path: Path) -> str:
    """A SHA-256 of a file, cached until its size or modification time changes."""
    found = path.stat()
    return _hashed(path, found.st_size, found.st_mtime_ns)


@lru_cache(maxsize=4096)
def _hashed(path: Path, size: int, changed: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _results(folder: Path) -> Iterator[Path]:
    for path in [*folder.glob("*"), *folder.glob("adapter/*")]:
        if path.suffix in RESULTS and path.name not in PROTOCOLS:
            yield path
