"""An estimate of a study's time, before it starts."""

from collections.abc import Sequence

from rl_explain.pipeline.estimates import expected_seconds
from rl_explain.pipeline.lineage import check_sources, finished
from rl_explain.progress import duration
from rl_explain.studies.plan import Planned


def forecast_table(runs: Sequence[Planned], processes: int) -> str:
    """A text table with a row per run: its unfinished stages and their expected time.

    Args:
        runs: at least one run.
        processes: number of runs at once, at least 1.

    Raises:
        UserError: data files are missing, or the base model does not exist.
    """
    width = max(len(run.name) for run in runs)
    lines, costs = [f"{'run':<{width}}  expected time  stages"], [0.0]
    for run in runs:
        check_sources(run.folder, run.config.data)
        ready = [stage for stage in run.stages if finished(run.folder, stage)]
        stages = [stage for stage in run.stages if stage not in (*run.shared, *ready)]
        of_stages = expected_seconds(run.config)
        seconds = sum(of_stages[stage] for stage in stages)
        costs.append(seconds)
        lines.append(f"{run.name:<{width}}  {duration(seconds):>13}  {', '.join(stages) or 'none'}")
    total = sum(costs)
    together = f"{duration(max(total / processes, *costs))} with processes={processes}"
    return "\n".join([*lines, f"{'all':<{width}}  {duration(total):>13}  {together}"])
