"""Shows several methods' explanations of the same questions, from an archive, as Markdown.

python benchmarks/side_by_side.py benchmarks/results/all_methods > docs/side_by_side.md
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rl_explain.errors import UserError
from rl_explain.studies.archive import read_texts


def side_by_side(folder: Path, data: str, methods: Sequence[str], cases: int) -> str:
    """The page about a data set: the first questions for which all `methods` have texts.

    Raises:
        UserError: there is no such question.
    """
    kept = [line for line in read_texts(folder) if line["data"] == data]
    shown = [line for line in kept if set(methods) <= line["texts"].keys()]
    if not shown:
        known = dict.fromkeys(method for line in kept for method in line["texts"])
        raise UserError(
            f"--methods: no question of {data} in {folder} has texts of {', '.join(methods)}; "
            f"there are texts of {', '.join(known) or 'none'}."
        )
    parts = [f"# {', '.join(methods)} side by side", _introduction(shown[:cases], len(shown))]
    return "\n\n".join([*parts, *(_question(line, methods) for line in shown[:cases])]) + "\n"


def _introduction(shown: Sequence[Mapping[str, Any]], total: int) -> str:
    return (
        f"{len(shown)} of the {total} questions of {shown[0]['data']}, seed {shown[0]['seed']}, "
        "with archived texts, drawn at random. A dash: no citation is better than another there."
    )


def _question(line: Mapping[str, Any], methods: Sequence[str]) -> str:
    history = ", ".join(f'"{title}"' for title in line["history"])
    said = [f"- {method} {_text(line['texts'][method])}" for method in methods]
    asked = f'**"{line["item"]}"** (the recommender says {line["label"]}), history: {history}'
    return "\n".join([asked, "", *said])


def _text(kept: Mapping[str, Any]) -> str:
    score = "–" if kept["score"] is None else f"{kept['score']:+.2f}"
    return f"(faithfulness score {score}): {' '.join(kept['text'].split())}"


def main(arguments: list[str] | None = None) -> int:
    """Print the page; return exit code 0, or 1 if there is nothing to show."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="an archive from keep_results.py")
    parser.add_argument("--data", default="demo", help="name of a data set of the study")
    parser.add_argument("--methods", nargs="+", default=["sft", "ppo", "orpo"])
    parser.add_argument("--cases", type=int, default=20)
    given = parser.parse_args(arguments)
    try:
        print(side_by_side(given.folder, given.data, given.methods, given.cases), end="")
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
