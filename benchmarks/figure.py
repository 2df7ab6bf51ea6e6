"""Draws one metric of every method as an SVG with a panel per data set.

python benchmarks/figure.py benchmarks/results/all_methods docs/all_methods.svg
"""

import argparse
import sys
from pathlib import Path

from rl_explain.errors import UserError
from rl_explain.evaluation.results import in_order
from rl_explain.evaluation.rules import is_rule
from rl_explain.pipeline.table import method_rows
from rl_explain.report.charts import Range, range_panels
from rl_explain.studies.archive import read_archive
from rl_explain.studies.collect import WITHIN
from rl_explain.studies.pool import Seeds, pooled


def figure(folder: Path, metric: str) -> str:
    """A self-contained SVG; values are pooled over seeds, with two-level intervals.

    Controls and variants are left out. Methods that some seeds lack are marked.

    Args:
        folder: an archive from `keep_results.py`.
        metric: name of the metric.

    Raises:
        UserError: there is no archive in `folder`, or it has no `metric`.
    """
    results = read_archive(folder)
    names = in_order(
        {m for seeds in results.values() for found in seeds.values() for m in found}, method_rows()
    )
    own = [name for name in names if WITHIN not in name]
    styles = {name: i for i, name in enumerate(name for name in own if not is_rule(name))}
    panels = {data: _ranges(seeds, metric, own, styles) for data, seeds in results.items()}
    if not any(panels.values()):
        raise UserError(f"--metric: no method in {folder} has {metric}.")
    return range_panels(metric, {data: ranges for data, ranges in panels.items() if ranges})


def _ranges(seeds: Seeds, metric: str, methods: list[str], styles: dict[str, int]) -> list[Range]:
    """The pooled value of each method that has the metric."""
    ranges = []
    for method in methods:
        own = [results[method] for results in seeds.values() if method in results]
        value = pooled(own).estimate(metric) if own else None
        if value:
            of = "" if len(own) == len(seeds) else f" ({len(own)} of {len(seeds)} seeds)"
            style = styles.get(method, -1)
            ranges.append(Range(f"{method}{of}", value.value, value.low, value.high, style))
    return ranges


def main(arguments: list[str] | None = None) -> int:
    """Write the SVG; return exit code 0, or 1 if there is nothing to draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="an archive from keep_results.py")
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
