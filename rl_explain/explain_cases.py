"""`rl-explain explain`: explain one case from the command line, or the cases of a CSV."""

import json
import sys
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from rl_explain.data.catalogue import Catalogue
from rl_explain.errors import UserError
from rl_explain.explainer.explainer import (
    MANIFEST,
    Explainer,
    Explanation,
    Manifest,
    read_catalogue,
)
from rl_explain.export.facts import FACTS
from rl_explain.pipeline.run import Run

Case = tuple[list[str], str | None]
"""A history of titles, oldest first, and the title asked about."""
CASES_AT_ONCE = 64
"""Cases of a file that are explained and written together."""
EXIT_SOME_FAILED = 1


def explain_case(options: Namespace) -> int:
    """Explain the case on the command line and print the explanation; returns 0.

    Raises:
        UserError: no history, no explainer in the folder, or as `Explainer.explain`.
    """
    if options.history is None:
        raise UserError('--history is missing: give titles, oldest first, as "A; B; C".')
    explanation = _explainer(options).explain(
        _titles(options.history), options.item, options.reasons, not options.free
    )
    if options.json:
        print(json.dumps(asdict(explanation), ensure_ascii=False))
    else:
        print(_readable(explanation, options.reasons))
    return 0


def explain_file(options: Namespace) -> int:
    """Write an explanation or an error for each line of a CSV; returns 0, or 1 after any error.

    Raises:
        UserError: no output file, no cases, or no explainer in the folder.
    """
    if options.output is None:
        raise UserError("--output is missing: name the JSON lines file to write.")
    if not options.output.absolute().parent.is_dir():
        raise UserError(f"--output is {options.output}, whose folder does not exist.")
    cases = _read_cases(options.input)
    explainer = _explainer(options)
    failed = 0
    with options.output.open("w", encoding="utf-8") as file:
        for start in range(0, len(cases), CASES_AT_ONCE):
            some = cases[start : start + CASES_AT_ONCE]
            answers = _answers(explainer, some, options.reasons, not options.free)
            for line, answer in enumerate(answers, start=start + 2):  # line 1 is the header
                file.write(json.dumps(answer, ensure_ascii=False) + "\n")
                if "error" in answer:
                    failed += 1
                    print(f"{options.input}, line {line}: {answer['error']}", file=sys.stderr)
    print(f"{len(cases) - failed} explanations: {options.output}")
    return EXIT_SOME_FAILED if failed else 0


def catalogue_of(folder: Path) -> Catalogue:
    """The catalogue of a run or an exported adapter; `UserError` if `folder` is neither."""
    if not _is_export(folder):
        return Run.open(folder).interactions.catalogue
    Manifest.load(folder)  # raises on a merged checkpoint
    return read_catalogue(folder)


def _answers(
    explainer: Explainer, cases: Sequence[Case], reasons: int, constrained: bool
) -> list[dict[str, Any]]:
    """Each case's explanation, or its error under the key `error`."""
    errors = {
        place: error for place, case in enumerate(cases) if (error := _error(explainer, case))
    }
    fine = [case for place, case in enumerate(cases) if place not in errors]
    histories, items = [case[0] for case in fine], [case[1] for case in fine]
    explained = iter(explainer.explain(histories, items, reasons, constrained) if fine else ())
    return [
        {"error": errors[place]} if place in errors else asdict(next(explained))
        for place in range(len(cases))
    ]


def _error(explainer: Explainer, case: Case) -> str | None:
    try:
        explainer.rows(*case)
    except UserError as error:
        return str(error)
    return None


def _read_cases(path: Path) -> list[Case]:
    """The cases of a CSV."""
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:  # pandas' own errors are ValueErrors
        raise UserError(f"--input is {path}, which cannot be read as CSV: {error}") from None
    if "history" not in table.columns:
        raise UserError(f"{path} has the columns {', '.join(table.columns)}: it needs `history`.")
    histories = [_titles(text) for text in table["history"]]
    items = [item or None for item in table.get("item", [""] * len(table))]
    if not histories:
        raise UserError(f"{path} has no cases: add one per line below the header.")
    return list(zip(histories, items, strict=True))


def _titles(text: str) -> list[str]:
    return [title.strip() for title in text.split(";") if title.strip()]


def _readable(explanation: Explanation, reasons: int) -> str:
    share, cited = f"{explanation.percentile:.0%}", len(explanation.cited)
    fewer = f" It names {cited} of {reasons} reasons asked for." if cited < reasons else ""
    return (
        f"{explanation.text}\n\n"
        f"Item: {explanation.item}. The recommender ranks it above {share} of the items outside "
        f"the history: {explanation.label}.{fewer}"
    )


def _explainer(options: Namespace) -> Explainer:
    if _is_export(options.run):
        if options.method is not None:
            raise UserError(
                f"--method is {options.method}, but {options.run} is one exported adapter: "
                "omit --method."
            )
        device = "cuda" if torch.cuda.is_available() else "cpu"
        return Explainer.from_pretrained(options.run, device)
    run = Run.open(options.run)
    return run.explainer(options.method or run.tuned_method())


def _is_export(folder: Path) -> bool:
    return any((folder / name).is_file() for name in (MANIFEST, FACTS))
