"""Archives the data behind the figures of a run or a study, small enough to commit.

python benchmarks/keep_results.py runs/all_methods benchmarks/results/all_methods
"""

import argparse
import sys
from pathlib import Path

from rl_explain.errors import UserError
from rl_explain.studies.archive import archive


def main(arguments: list[str] | None = None) -> int:
    """Write the archive; return exit code 0, or 1 if there is nothing to archive."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="a run's or a study's output_dir")
    parser.add_argument("out", type=Path)
    given = parser.parse_args(arguments)
    try:
        for path in archive(given.folder, given.out):
            print(path)
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
