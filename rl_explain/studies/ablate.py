"""`rl-explain ablate`: train on other rewards and report what each term gains and costs."""

from pathlib import Path

from rl_explain.files import write_json
from rl_explain.pipeline.table import method_rows
from rl_explain.studies.ablation_report import WHOLE, Ablated, ablation_report
from rl_explain.studies.collect import WITHIN, collect
from rl_explain.studies.differences import family
from rl_explain.studies.executors import executor_of
from rl_explain.studies.files import difference_rows, result_rows, run_entries, write_csv
from rl_explain.studies.one_run import perform_run
from rl_explain.studies.plan import planned_ablation
from rl_explain.studies.pool import Seeds, incomplete, pooled_methods
from rl_explain.studies.runs import existing, perform
from rl_explain.studies.study import Study


def ablate(study: Study, report_only: bool = False) -> Path:
    """Perform unfinished runs and write the report; return the path of `ablation.md`.

    Also writes `ablation_results.csv`, `ablation_differences.csv` and `ablation.json` to the
    study's folder.

    Args:
        report_only: perform nothing; report existing results.

    Raises:
        UserError: the study names no variant, or no run has results.
    """
    runs = list(planned_ablation(study))
    outcomes = existing(runs) if report_only else perform(runs, executor_of(study, perform_run))
    seeds = collect(outcomes)
    found = {data: _ablated(study, results) for data, results in seeds.items()}
    folder, traded = Path(study.output_dir), study.ablation.pareto
    rows = {
        "results": [
            result_rows(data, s, pooled_methods(s, method_rows())) for data, s in seeds.items()
        ],
        "differences": [
            difference_rows(data, {a.method: a.differences for a in some})
            for data, some in found.items()
        ],
    }
    for name, parts in rows.items():
        write_csv(folder / f"ablation_{name}.csv", [row for part in parts for row in part])
    fronts = {data: {a.method: a.front(traded) for a in some} for data, some in found.items()}
    entries = {"seeds": study.seeds, "runs": run_entries(outcomes), "beaten_by": fronts}
    write_json(folder / "ablation.json", entries)
    path = folder / "ablation.md"
    text = ablation_report(found, study.metrics, traded, outcomes)
    path.write_text(text, encoding="utf-8")
    print(f"Ablation: {path}")
    return path


def _ablated(study: Study, seeds: Seeds) -> list[Ablated]:
    """The ablation of each method that a variant changes."""
    pooled = pooled_methods(seeds, method_rows())
    rows = [name for name in pooled if WITHIN in name]
    methods = dict.fromkeys(name.partition(WITHIN)[0] for name in rows)
    found = []
    for method in (method for method in methods if method in pooled):
        own = [name for name in rows if name.partition(WITHIN)[0] == method]
        pairs = [(metric, name, method) for name in own for metric in study.metrics]
        variants = {name.partition(WITHIN)[2]: pooled[name] for name in own}
        rewards = {WHOLE: pooled[method], **variants}
        lacking = {
            name.partition(WITHIN)[2] or WHOLE: having
            for name, having in incomplete(seeds).items()
            if name in (method, *own)
        }
        differences = family(seeds, pairs)
        found.append(Ablated(method, tuple(seeds), rewards, differences, lacking))
    return found
