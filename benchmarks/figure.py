"""One metric of every method, a panel a data set, as one SVG for a README or a paper.

python benchmarks/figure.py benchmarks/results/all_methods docs/all_methods.svg
"""

import argparse
import sys
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

from rl_explain.errors import UserError
from rl_explain.report.charts import WIDTH, Range, range_chart
from rl_explain.report.markup import Element, element, to_svg
from rl_explain.studies.archive import read_archive
from rl_explain.studies.collect import WITHIN
from rl_explain.studies.pool import Seeds, pooled
from rl_explain.tables.table import BELOW, in_order


def figure(folder: Path, metric: str) -> str:
    """An SVG that needs nothing beside it; values are pooled over seeds, with two-level intervals.

    Controls and variants are left out. A method that some seeds of its data set lack says so.

    Args:
        folder: what `keep_results.py` wrote.

    Raises:
        UserError: there is no archive in `folder`, or it has no `metric`.
    """
    results = read_archive(folder)
    rows = {data: _ranges(seeds, metric) for data, seeds in results.items()}
    if not any(rows.values()):
        raise UserError(f"--metric: {metric} is measured nowhere in {folder}.")
    methods = in_order({method for found in rows.values() for method in found})
    styles = {m: i for i, m in enumerate(method for method in methods if method not in BELOW)}
    panels = [
        range_chart(data, [replace(found[m], style=styles.get(m, -1)) for m in in_order(found)])
        for data, found in rows.items()
        if found
    ]
    for i, panel in enumerate(panels):
        panel.attrib |= {"x": f"{i * WIDTH:g}", "width": f"{WIDTH:g}", "height": _height(panel)}
    size = f"0 0 {len(panels) * WIDTH:g} {max(float(_height(panel)) for panel in panels):g}"
    style = element("style", files("rl_explain.report").joinpath("style.css").read_text("utf-8"))
    return to_svg(element("svg", style, *panels, viewBox=size, role="img", aria_label=metric))


def _ranges(seeds: Seeds, metric: str) -> dict[str, Range]:
    """The pooled value of each method that has the metric."""
    found = {}
    methods = dict.fromkeys(m for results in seeds.values() for m in results if WITHIN not in m)
    for method in methods:
        own = [results[method] for results in seeds.values() if method in results]
        value = pooled(own).estimate(metric)
        if value:
            of = "" if len(own) == len(seeds) else f" ({len(own)} of {len(seeds)} seeds)"
            found[method] = Range(f"{method}{of}", value.value, value.low, value.high, -1)
    return found


def _height(panel: Element) -> str:
    return panel.attrib["viewBox"].split()[-1]


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0, or 1 where there is nothing to draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="that keep_results.py wrote")
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
