"""The command line: `rl-explain COMMAND ...`."""

import argparse
import os
import sys
import warnings
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from reward_models.judge.types import JudgeError
from rl_explain.errors import UserError
from rl_explain.pipeline.table import STAGES, Kind, stage_rows, trained_rows

if TYPE_CHECKING:
    from rl_explain.studies.plan import Planned

EXIT_USER_ERROR = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command. User mistakes and judge failures print a message and return exit status 2."""
    options = _parse(arguments)
    # Without a terminal, libraries show no progress bars. Warnings for developers are off.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    if not sys.stderr.isatty():
        for library in ("DATASETS", "HUB"):  # transformers follows the hub's setting
            os.environ.setdefault(f"HF_{library}_DISABLE_PROGRESS_BARS", "1")
    warnings.simplefilter("ignore", FutureWarning)
    try:
        status = options.command(options)
    except (UserError, JudgeError) as error:
        print(f"rl-explain: {error}", file=sys.stderr)
        return EXIT_USER_ERROR
    except KeyboardInterrupt:
        resuming = options.command in (_run, _compare, _ablate)
        resumes = "; run the same command to resume" if resuming else ""
        print(f"rl-explain: interrupted{resumes}.", file=sys.stderr)
        return 130
    return status or 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Parse arguments; overrides may also follow an option, which argparse alone does not allow."""
    everything = parser()
    options, rest = everything.parse_known_args(arguments)
    if rest and (not hasattr(options, "overrides") or any(word.startswith("-") for word in rest)):
        everything.error(f"unrecognized arguments: {' '.join(rest)}")
    if rest:
        options.overrides += rest
    return options


def parser() -> argparse.ArgumentParser:
    """All commands and their arguments."""
    top = argparse.ArgumentParser(
        prog="rl-explain", description="Train and use explainers that say what a recommender did."
    )
    top.add_argument("--version", action="version", version=f"rl_explain {version('rl_explain')}")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    run = commands.add_parser(
        "run", help="run every stage of a configuration; resumes an interrupted run"
    )
    _takes_config(run)
    run.add_argument("--dry-run", action="store_true", help="print stages, memory and time")
    run.set_defaults(command=_run)
    for stage in stage_rows():
        one = commands.add_parser(stage, help=f"run the {stage} stage only")
        _takes_config(one)
        one.set_defaults(command=_run, stage=stage, dry_run=False)
    compare = commands.add_parser("compare", help="run a study: many runs, one table")
    _takes_study(compare)
    compare.set_defaults(command=_compare)
    report = commands.add_parser(
        "report", help="write an HTML and Markdown report of a run or study"
    )
    report.add_argument("folder", type=Path, help="a run's or a study's folder")
    report.set_defaults(command=_report)
    ablate = commands.add_parser("ablate", help="show what each reward term gains and costs")
    _takes_study(ablate)
    ablate.set_defaults(command=_ablate)
    _add_explain(commands)
    _add_export(commands)
    schema = commands.add_parser(
        "schema", help="print the JSON schema of configurations, for editors"
    )
    schema.set_defaults(command=_schema)
    return top


def _takes_config(command: argparse.ArgumentParser) -> None:
    command.add_argument("config", type=Path, help="YAML file")
    command.add_argument("overrides", nargs="*", metavar="key=value", help="dotted keys")


def _takes_study(command: argparse.ArgumentParser) -> None:
    command.add_argument("study", type=Path, help="YAML file")
    command.add_argument(
        "overrides", nargs="*", metavar="key=value", help="settings of the study or of every run"
    )
    instead = command.add_mutually_exclusive_group()
    instead.add_argument(
        "--report-only", action="store_true", help="run nothing; rewrite the report"
    )
    instead.add_argument("--dry-run", action="store_true", help="print runs, stages and time")


def _takes_method(command: argparse.ArgumentParser, methods: Sequence[str]) -> None:
    command.add_argument(
        "--method", choices=methods, help="a model of the run; default: the first tuned one"
    )


def _add_explain(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    explain = commands.add_parser("explain", help="explain one case, or many from a CSV")
    explain.add_argument("run", type=Path, help="a run's folder or an exported adapter")
    explain.add_argument("--history", help='titles, oldest first: "A; B; C"')
    explain.add_argument(
        "--item", help="title to explain, not in the history; default: the recommender's top item"
    )
    explain.add_argument("--reasons", type=int, default=2, choices=(1, 2, 3))
    explain.add_argument("--json", action="store_true", help="print JSON")
    explain.add_argument(
        "--free",
        action="store_true",
        help="let explanations quote any words, not only titles of the prompt",
    )
    explain.add_argument(
        "--input", type=Path, help="CSV with the column history and, optionally, item"
    )
    explain.add_argument("--output", type=Path, help="JSON Lines file to write")
    _takes_method(explain, ("base", *trained_rows()))
    explain.set_defaults(command=_explain)
    items = commands.add_parser("items", help="list the titles that can be explained, one per line")
    items.add_argument("run", type=Path, help="a run's folder or an exported adapter")
    items.set_defaults(command=_items)


def _add_export(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    export = commands.add_parser("export", help="export a self-contained adapter or one checkpoint")
    export.add_argument("run", type=Path, help="a run's folder")
    export.add_argument("out", type=Path, help="folder to write")
    export.add_argument(
        "--merge", action="store_true", help="write one checkpoint that stock transformers loads"
    )
    export.add_argument(
        "--push", metavar="REPO", help="upload to this hub repository afterwards; needs HF_TOKEN"
    )
    _takes_method(export, tuple(trained_rows()))
    export.set_defaults(command=_export)


def _run(options: argparse.Namespace) -> None:
    from rl_explain.pipeline.configuration import load_config
    from rl_explain.pipeline.run import Run, run_stages

    config = load_config(options.config, options.overrides)
    performed = _stages(options.stage) if hasattr(options, "stage") else list(config.stages)
    if options.dry_run:
        from rl_explain.pipeline.estimates import estimate_table
        from rl_explain.pipeline.lineage import check_sources

        check_sources(Path(config.output_dir), config.data)
        print(estimate_table(config, performed))
        return
    run_stages(Run(config), performed)


def _stages(stage: str) -> list[str]:
    """The stages to run: the stage itself and, for a judge stage, the stages it reads.

    Judge stages need no trained explainer, so their inputs are quick to build.
    """
    row = STAGES[stage]
    return [*row.reads, stage] if row.kind in (Kind.JUDGE, Kind.JUDGE_CHECK) else [stage]


def _compare(options: argparse.Namespace) -> None:
    from rl_explain.studies.compare import compare
    from rl_explain.studies.plan import planned
    from rl_explain.studies.study import load_study

    study = load_study(options.study, options.overrides)
    if options.dry_run:
        return _forecast(planned(study), study.processes)
    compare(study, options.report_only)
    return None


def _ablate(options: argparse.Namespace) -> None:
    from rl_explain.studies.ablate import ablate
    from rl_explain.studies.plan import planned_ablation
    from rl_explain.studies.study import load_study

    study = load_study(options.study, options.overrides)
    if options.dry_run:
        return _forecast(planned_ablation(study), study.processes)
    ablate(study, options.report_only)
    return None


def _forecast(runs: Iterable["Planned"], processes: int) -> None:
    from rl_explain.studies.forecast import forecast_table

    print(forecast_table(list(runs), processes))


def _report(options: argparse.Namespace) -> None:
    from rl_explain.report.write import write_report

    page = write_report(options.folder)
    print(f"Report: {page}\nThe same tables as Markdown: {page.with_suffix('.md')}")


def _explain(options: argparse.Namespace) -> int:
    from rl_explain.explain_cases import explain_case, explain_file

    explain = explain_case if options.input is None else explain_file
    return explain(options)


def _items(options: argparse.Namespace) -> None:
    from rl_explain.explain_cases import catalogue_of

    print("\n".join(catalogue_of(options.run).titles))


def _schema(options: argparse.Namespace) -> None:
    import json

    from pydantic import TypeAdapter

    from rl_explain.pipeline.configuration import run_config_type

    print(json.dumps(TypeAdapter(run_config_type()).json_schema(), indent=1))


def _export(options: argparse.Namespace) -> None:
    from rl_explain.export.method import export_method
    from rl_explain.export.push import push, token

    if options.push is not None:
        token()  # fail before any work if the token is missing
    made = export_method(options.run, options.out, options.method, options.merge)
    print(f"{made.method}, {made.form}: {options.out}")
    if made.same_texts is not None:
        print(f"stock transformers gave the adapter's text in {made.same_texts} examples")
    if options.push is not None:
        print(f"pushed: {push(options.out, options.push)}")


if __name__ == "__main__":
    sys.exit(main())
