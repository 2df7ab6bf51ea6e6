"""The command line: `rl-explain COMMAND ...`."""

import argparse
import json
import os
import sys
import warnings
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from rl_explain.config import STAGES
from rl_explain.errors import UserError

if TYPE_CHECKING:
    from rl_explain.alignment.explainer import Explainer, Explanation

EXIT_USER_ERROR = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; user mistakes print a message and give exit status 2."""
    options = parser().parse_args(arguments)
    # Libraries' progress is plain where nobody watches, and their advice to developers is off.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    if not sys.stderr.isatty():
        os.environ.setdefault("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")
    warnings.simplefilter("ignore", FutureWarning)
    try:
        options.command(options)
    except UserError as error:
        print(f"rl-explain: {error}", file=sys.stderr)
        return EXIT_USER_ERROR
    except KeyboardInterrupt:
        print("rl-explain: interrupted; the same command resumes.", file=sys.stderr)
        return 130
    return 0


def parser() -> argparse.ArgumentParser:
    """All commands and their arguments."""
    top = argparse.ArgumentParser(
        prog="rl-explain", description="Explanations that say what the recommender did."
    )
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    run = commands.add_parser(
        "run", help="every stage of a configuration, resumed where it stopped"
    )
    _takes_config(run)
    run.add_argument("--dry-run", action="store_true", help="print stages, memory and time")
    run.set_defaults(command=_run)
    for stage in STAGES:
        one = commands.add_parser(stage, help=f"the {stage} stage alone")
        _takes_config(one)
        one.set_defaults(command=_run, stage=stage, dry_run=False)
    _add_explain(commands)
    export = commands.add_parser("export", help="a self-contained adapter")
    export.add_argument("run", type=Path, help="a run's folder")
    export.add_argument("out", type=Path, help="folder to write")
    export.add_argument("--method", help="ppo, orpo, sft or sft_clean; the first there is")
    export.set_defaults(command=_export)
    return top


def _takes_config(command: argparse.ArgumentParser) -> None:
    command.add_argument("config", type=Path, help="YAML file")
    command.add_argument("overrides", nargs="*", metavar="key=value", help="dotted keys")


def _add_explain(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    explain = commands.add_parser("explain", help="explain one case, or many from a CSV")
    explain.add_argument("run", type=Path, help="a run's folder or an exported adapter")
    explain.add_argument("--history", help='titles, oldest first: "A; B; C"')
    explain.add_argument("--item", help="title asked about; the recommender's top item if absent")
    explain.add_argument("--reasons", type=int, default=2, choices=(1, 2, 3))
    explain.add_argument("--json", action="store_true", help="print JSON")
    explain.add_argument("--input", type=Path, help="CSV with columns history and, if any, item")
    explain.add_argument("--output", type=Path, help="JSON lines to write")
    explain.add_argument("--method", help="ppo, orpo, sft or sft_clean; the first there is")
    explain.set_defaults(command=_explain)


def _run(options: argparse.Namespace) -> None:
    from rl_explain.config import load_config
    from rl_explain.run import Run
    from rl_explain.stages import run_stages

    config = load_config(options.config, options.overrides)
    stages = [options.stage] if hasattr(options, "stage") else list(config.stages)
    if options.dry_run:
        from rl_explain.estimates import estimate_table

        print(estimate_table(config, stages))
        return
    run_stages(Run(config), stages)


def _explain(options: argparse.Namespace) -> None:
    from rl_explain.data.catalogue import SEPARATOR

    if options.input is not None:
        return _explain_file(options)
    if options.history is None:
        raise UserError('--history is missing: give titles, oldest first, as "A; B; C".')
    explainer = _explainer(options)
    history = [title for title in options.history.split(SEPARATOR.strip()) if title.strip()]
    explanation = explainer.explain(history, options.item, options.reasons)
    if options.json:
        print(json.dumps(asdict(explanation), ensure_ascii=False))
    else:
        print(_readable(explanation))
    return None


def _explain_file(options: argparse.Namespace) -> None:
    import pandas as pd

    if options.output is None:
        raise UserError("--output is missing: name the JSON lines file to write.")
    if not options.input.is_file():
        raise UserError(f"--input is {options.input}, which does not exist.")
    cases = pd.read_csv(options.input, dtype=str, keep_default_na=False)
    if "history" not in cases.columns:
        raise UserError(
            f"{options.input} has the columns {', '.join(cases.columns)}: it needs `history`."
        )
    histories = [[t for t in text.split(";") if t.strip()] for text in cases["history"]]
    items = [item or None for item in cases.get("item", [""] * len(cases))]
    explanations = _explainer(options).explain(histories, items, options.reasons)
    lines = [json.dumps(asdict(one), ensure_ascii=False) + "\n" for one in explanations]
    options.output.write_text("".join(lines), encoding="utf-8")
    print(f"{len(lines)} explanations: {options.output}")


def _readable(explanation: "Explanation") -> str:
    share = f"{explanation.percentile:.0%}"
    return (
        f"{explanation.text}\n\n"
        f"Item: {explanation.item}. The recommender ranks it above {share} of the items outside "
        f"the history: {explanation.label}."
    )


def _explainer(options: argparse.Namespace) -> "Explainer":
    from rl_explain.alignment.explainer import MANIFEST, Explainer
    from rl_explain.run import Run

    if (options.run / MANIFEST).is_file():
        return Explainer.from_pretrained(options.run)
    run = Run.open(options.run)
    return run.explainer(options.method or run.best_method())


def _export(options: argparse.Namespace) -> None:
    from rl_explain.run import Run

    run = Run.open(options.run)
    method = options.method or run.best_method()
    run.explainer(method).save_pretrained(options.out)
    print(f"{method} adapter: {options.out}")


if __name__ == "__main__":
    sys.exit(main())
