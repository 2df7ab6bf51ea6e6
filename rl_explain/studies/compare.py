"""`rl-explain compare`: perform a study and write its report."""

from collections import defaultdict
from pathlib import Path

from rl_explain.evaluation.results import Result, read_results
from rl_explain.studies.costs import cost_table
from rl_explain.studies.pool import pooled, pooled_methods
from rl_explain.studies.report import study_report
from rl_explain.studies.runs import Planned, perform
from rl_explain.studies.study import Study


def compare(study: Study) -> Path:
    """Perform what is not finished; the path of `report.md` in the study's folder."""
    done = perform(study)
    results, costs = {}, {}
    for data in study.configs:
        runs = [run for run in done if run.data == data and "evaluate" in run.stages]
        own = [run.folder for run in runs if not run.control]
        if own:
            results[data], costs[data] = _pooled(runs), cost_table(own)
    path = Path(study.output_dir) / "report.md"
    path.write_text(study_report(results, costs, study.seeds), encoding="utf-8")
    print(f"Report: {path}")
    return path


def _pooled(runs: list[Planned]) -> dict[str, Result]:
    """Methods of the runs, and beside them those of each control under the control's name."""
    methods = pooled_methods([_results(run) for run in runs if not run.control])
    controls: dict[str, list[Result]] = defaultdict(list)
    for run in runs:
        for method in run.config.evaluation.methods if run.control else ():
            controls[f"{method}, {run.control}"].append(_results(run)[method])
    return methods | {name: pooled(found) for name, found in controls.items()}


def _results(run: Planned) -> dict[str, Result]:
    return read_results(run.folder / "evaluate")
