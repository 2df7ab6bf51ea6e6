"""One metric of every method, a panel a data set, as one SVG for a README or a paper.

python benchmarks/figure.py benchmarks/results/truer docs/truer.svg
"""

import argparse
import sys
from pathlib import Path

import pandas as pd

from rl_explain.errors import UserError
from rl_explain.evaluation.results import in_order
from rl_explain.evaluation.rules import is_rule
from rl_explain.pipeline.table import method_rows
from rl_explain.report.charts import Range, range_panels
from rl_explain.report.frames import results
from rl_explain.studies.collect import WITHIN
from rl_explain.studies.files import POOLED


def figure(folder: Path, metric: str) -> str:
    """An SVG that needs nothing beside it; values are pooled over seeds, with their intervals.

    Controls and variants are left out. A method that some seeds of its data set lack says so.

    Raises:
        UserError: no study lies in `folder`, or it has not measured `metric`.
    """
    frame = results(folder)
    measured = frame[(frame["metric"] == metric) & frame["value"].notna()]
    own = measured[~measured["method"].str.contains(WITHIN)]
    if POOLED not in set(own["seed"]):
        raise UserError(
            f"--metric: {metric} is measured nowhere in {folder}, which must be a study's."
        )
    methods = [m for m in in_order(own["method"].unique(), method_rows()) if not is_rule(m)]
    styles = {method: i for i, method in enumerate(methods)}
    groups = own.groupby("data", sort=False)
    return range_panels(metric, {str(data): _ranges(rows, styles) for data, rows in groups})


def _ranges(rows: pd.DataFrame, styles: dict[str, int]) -> list[Range]:
    """The pooled values of one data set, methods in the order of the tables."""
    seeds = rows[rows["seed"] != POOLED].groupby("method").size()
    pooled = rows[rows["seed"] == POOLED].set_index("method")
    ranges = []
    for method in in_order(pooled.index, method_rows()):
        of = "" if seeds[method] == seeds.max() else f" ({seeds[method]} of {seeds.max()} seeds)"
        value, low, high = pooled.loc[method, ["value", "ci_low", "ci_high"]]
        ranges.append(Range(f"{method}{of}", value, low, high, styles.get(method, -1)))
    return ranges


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0, or 1 where there is nothing to draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "folder", type=Path, help="of a study, or of what keep_results.py kept of it"
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--metric", default="faithfulness/score")
    given = parser.parse_args(arguments)
    try:
        given.out.write_text(figure(given.folder, given.metric), encoding="utf-8")
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
