"""`rl-explain compare`: perform a study and write its report."""

from collections.abc import Sequence
from pathlib import Path

from rl_explain.config.settings import TINY
from rl_explain.files import write_json
from rl_explain.pipeline.table import method_rows
from rl_explain.studies.collect import collect
from rl_explain.studies.costs import costs
from rl_explain.studies.differences import family
from rl_explain.studies.executors import executor_of
from rl_explain.studies.files import cost_rows, difference_rows, result_rows, run_entries, write_csv
from rl_explain.studies.one_run import perform_run
from rl_explain.studies.plan import planned
from rl_explain.studies.pool import Seeds, pooled_methods
from rl_explain.studies.report import Found, pairs_of, study_report
from rl_explain.studies.runs import Outcome, existing, perform
from rl_explain.studies.study import Study


def compare(study: Study, report_only: bool = False) -> Path:
    """Perform unfinished runs and write the report; return the path of `comparison.md`.

    Also writes `results.csv`, `differences.csv`, `costs.csv` and `study.json` to the study's
    folder.

    Args:
        report_only: perform nothing; report existing results.

    Raises:
        UserError: no run has results.
    """
    runs = list(planned(study))
    outcomes = existing(runs) if report_only else perform(runs, executor_of(study, perform_run))
    found = {
        data: _found(study, seeds, [o for o in outcomes if o.run.data == data])
        for data, seeds in collect(outcomes).items()
    }
    folder = Path(study.output_dir)
    rows = {
        "results": [result_rows(data, f.seeds, f.pooled) for data, f in found.items()],
        "differences": [difference_rows(data, f.families) for data, f in found.items()],
        "costs": [cost_rows(data, f.costs) for data, f in found.items()],
    }
    for name, parts in rows.items():
        write_csv(folder / f"{name}.csv", [row for part in parts for row in part])
    write_json(folder / "study.json", {"seeds": study.seeds, "runs": run_entries(outcomes)})
    path = folder / "comparison.md"
    path.write_text(study_report(found, outcomes), encoding="utf-8")
    print(f"Comparison: {path}")
    return path


def _found(study: Study, seeds: Seeds, outcomes: Sequence[Outcome]) -> Found:
    methods = pooled_methods(seeds, method_rows())
    tables = pairs_of(list(methods), study.metrics)
    own = [outcome.run.folder for outcome in outcomes if not outcome.run.variant]
    return Found(
        seeds,
        methods,
        {name: family(seeds, pairs) for name, pairs in tables.items()},
        costs(own),
        tiny=all(outcome.run.config.model.name == TINY for outcome in outcomes),
    )
