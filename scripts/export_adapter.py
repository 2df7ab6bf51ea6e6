"""Exports an adapter of a run, or every adapter of a study, for use in pipelines.

    python scripts/export_adapter.py RUN_OR_STUDY OUT [--method M] [--merge]

For a run, one adapter goes into OUT: that of method M, or the first tuned one. For a study, every
finished adapter (only those of M if given) goes into OUT/RUN/METHOD, where RUN is the run's path in
the study.

stdout: one JSON object with `exported` (for each: run, method, folder, files, bytes, checksum, the
SHA-256 of its SHA256SUMS, and the content of its export.json) and `failed` (run, method, folder,
error). Everything else goes to stderr.

Exit status: 0 all exported; 1 some or all failed, the others are kept; 2 wrong arguments, no run or
no such adapter: nothing was exported, and stdout is empty; 130 interrupted.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rl_explain.errors import UserError
from rl_explain.export.find import Found, find_adapters
from rl_explain.export.method import checksum, export_method

EXIT_FAILED, EXIT_USER_ERROR, EXIT_INTERRUPTED = 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Export, print the JSON result, return the exit status."""
    options = _parse(arguments)
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        wanted = _wanted(options)
        with redirect_stdout(sys.stderr):
            results = [_try(*one, options.merge) for one in wanted]
    except UserError as error:
        print(f"export_adapter: {error}", file=sys.stderr)
        return EXIT_USER_ERROR
    except KeyboardInterrupt:
        print("export_adapter: interrupted; finished exports are kept.", file=sys.stderr)
        return EXIT_INTERRUPTED
    failed = [result for result in results if "error" in result]
    exported = [result for result in results if "error" not in result]
    print(json.dumps({"exported": exported, "failed": failed}, indent=1, ensure_ascii=False))
    return EXIT_FAILED if failed else 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, metavar="RUN_OR_STUDY")
    parser.add_argument("out", type=Path, metavar="OUT")
    parser.add_argument("--method", metavar="M", help="for example sft, ppo or orpo")
    parser.add_argument(
        "--merge", action="store_true", help="write ordinary checkpoints instead of adapters"
    )
    return parser.parse_args(arguments)


def _wanted(options: argparse.Namespace) -> list[tuple[Found, Path]]:
    """The adapters to export, each with its target folder."""
    found = find_adapters(options.folder, options.method)
    if (options.folder / "config.yaml").is_file():
        return [(found[0], options.out)]
    places = [options.out / f.run.relative_to(options.folder) / f.method for f in found]
    return list(zip(found, places, strict=True))


def _try(found: Found, folder: Path, merge: bool) -> dict[str, Any]:
    """Export one adapter; the written files or the error, so that the other exports continue."""
    entry = {"run": str(found.run), "method": found.method, "folder": str(folder)}
    print(f"{found.run}, {found.method}: {folder}", flush=True)
    try:
        made = export_method(found.run, folder, found.method, merge)
    except Exception as error:
        print(f"failed: {error}", flush=True)
        return entry | {"error": str(error)}
    files = [path for path in folder.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    names = sorted(path.relative_to(folder).as_posix() for path in files)
    return asdict(made) | entry | {"files": names, "bytes": size, "checksum": checksum(folder)}


if __name__ == "__main__":
    sys.exit(main())
