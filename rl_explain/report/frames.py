"""Evaluation results of a run or a study as pandas data frames."""

from pathlib import Path

import pandas as pd

from rl_explain.errors import UserError
from rl_explain.report.compared import compared, row_name
from rl_explain.report.folder import RunFolder, is_run, read_run, studied_folders
from rl_explain.studies.files import result_rows


def results(folder: str | Path) -> pd.DataFrame:
    """Every metric of a run or a study, with the rows and columns of a study's `results.csv`.

    Columns: `data` (the data set's name in the study, or the run's folder), `method` (for a variant
    `METHOD, VARIANT`), `seed` (text; in a study also `pooled`, over all seeds), `metric`, `value`
    (NaN if the metric applies to no case), `ci_low` and `ci_high` (95 % bootstrap intervals over
    users; in `pooled` rows two-level: seeds, then users within them; NaN for metrics that are not
    means over cases).

    Args:
        folder: `output_dir` of a run or of a study, finished or not.

    Raises:
        UserError: the folder has neither a run nor a study, or nothing in it has been evaluated.
    """
    rows = []
    for data, runs in _evaluated(Path(folder)).items():
        found = compared(runs)
        seeds = {
            seed: {row: by_seed[seed] for row, by_seed in found.seeds.items() if seed in by_seed}
            for seed in sorted({run.seed for run in runs})
        }
        rows += result_rows(data, seeds, {} if is_run(Path(folder)) else found.results)
    frame = pd.DataFrame(rows)
    return frame.astype(dict.fromkeys(("value", "ci_low", "ci_high"), float))


def cases(folder: str | Path) -> pd.DataFrame:
    """Every evaluated explanation: a row per run, method and case.

    Columns: `data`, `method` and `seed` as in `results`; `case` (its number, the same for every
    method of a seed), `item` (the title asked about), `label` (the recommender's yes or no),
    `history` (titles, oldest first), `completion` (the text), `cited` (titles that the text cites);
    then a column per metric with this case's score, NaN if the metric does not apply to it.

    Args:
        folder: as in `results`.

    Raises:
        UserError: as in `results`.
    """
    return pd.DataFrame(
        [
            {"data": data, "method": row_name(method, run.variant), "seed": str(run.seed)}
            | {key: value for key, value in sample.items() if key != "scores"}
            | (sample["scores"] or {})
            for data, runs in _evaluated(Path(folder)).items()
            for run in runs
            for method, result in run.results.items()
            for sample in result.samples
        ]
    )


def _evaluated(folder: Path) -> dict[str, list[RunFolder]]:
    """The runs that have results, by data set."""
    paths = {folder.resolve().name: [folder]} if is_run(folder) else studied_folders(folder)
    runs = {
        data: [run for path in some if (run := read_run(path, path.name)).results]
        for data, some in paths.items()
    }
    if not any(runs.values()):
        raise UserError(f"nothing in {folder} has been evaluated: run its evaluate stage first.")
    return {data: some for data, some in runs.items() if some}
