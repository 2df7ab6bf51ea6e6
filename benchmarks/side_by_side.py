"""The same cases as several methods explain them, drawn by seed, as Markdown.

python benchmarks/side_by_side.py benchmarks/results/truer/demo/seed_0 > docs/side_by_side.md
"""

import argparse
import sys
from pathlib import Path

from rl_explain.errors import UserError
from rl_explain.report.compared import compared
from rl_explain.report.folder import read_run
from rl_explain.report.markdown import to_markdown
from rl_explain.report.sections.explanations import explanations_section


def side_by_side(folder: Path, methods: list[str], cases: int, seed: int) -> str:
    """The page about a run's folder.

    Raises:
        UserError: a method has no results there.
    """
    run = read_run(folder, folder.name)
    if missing := [method for method in methods if method not in run.results]:
        raise UserError(
            f"--methods: {', '.join(missing)} has no results in {folder}, which has "
            f"{', '.join(run.results) or 'none'}."
        )
    run.results = {method: run.results[method] for method in methods}
    section = explanations_section(compared([run]), cases, seed)
    return to_markdown(f"{', '.join(methods)} side by side", [section], cases)


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0, or 1 where there is nothing to show."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="of a run, or of what keep_results.py kept of it")
    parser.add_argument("--methods", nargs="+", default=["sft", "ppo", "orpo"])
    parser.add_argument("--cases", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(arguments)
    try:
        print(side_by_side(given.folder, given.methods, given.cases, given.seed), end="")
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
