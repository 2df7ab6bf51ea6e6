"""Files written whole or not at all, and what their contents were: digests."""

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
"""Files of a stage that say how it went, not what came of it."""


def write_json(path: Path, value: Any) -> None:
    """Write JSON whole or not at all."""
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    unfinished.replace(path)


def digest(folder: Path) -> str:
    """A SHA-256 of a stage's or an adapter's folder, without protocols and checkpoints."""
    found = hashlib.sha256()
    for path in sorted(_results(folder)):
        found.update(f"{path.relative_to(folder)} {file_digest(path)}\n".encode())
    return found.hexdigest()


def code_digest(*packages: ModuleType) -> str:
    """A SHA-256 of what the code of packages does, for results that must not outlive it.

    Comments, docstrings and layout change nothing: the syntax trees are what is compared.
    """
    folders = [Path(str(package.__file__)).parent for package in packages]
    files = sorted(path for folder in folders for path in folder.rglob("*.py"))
    return value_digest(*map(_tree, files))


@lru_cache(maxsize=1024)
def _tree(path: Path) -> str:
    """The syntax tree of a file, without its docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [part for part in body if not _is_text(part)]  # type: ignore[attr-defined]
    return ast.dump(tree)


def _is_text(statement: ast.AST) -> bool:
    """Whether a statement is a text and nothing else, as docstrings are."""
    is_expression = isinstance(statement, ast.Expr)
    return is_expression and isinstance(getattr(statement.value, "value", None), str)  # type: ignore[attr-defined]


def value_digest(*parts: Any) -> str:
    """A SHA-256 of plain values."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def file_digest(path: Path) -> str:
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
