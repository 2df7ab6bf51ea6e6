"""Two kinds of small charts, drawn by matplotlib: line charts, and a range per name."""

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from markupsafe import Markup

from rl_explain.report.svg import COLOURS, TITLE, inline, standalone

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, HEIGHT = 360, 240
"""Size of a panel, in pixels."""
ROW, AROUND = 17, 66
"""Height of a row of ranges, and of a panel without its rows, in pixels."""
FONT = 11
LONGEST = 27
"""Characters of a row's name before it is cut."""
MARKERS = 8
"""Approximate number of markers on a line with many points, so that they do not hide it."""
SHAPES = "os^Dv"
"""Markers, used in turn, so that lines do not differ by colour alone."""
STYLES = 10
"""Number of colours; further lines reuse them."""


class Point(NamedTuple):
    """A point in a chart; `low` and `high` are the ends of its interval, if any."""

    x: float
    y: float
    low: float = math.nan
    high: float = math.nan


@dataclass(frozen=True)
class Line:
    """A line chart's series.

    style: number of its colour and marker.
    joined: draw a path with markers at some points; if not, a marker at every point.
    """

    name: str
    points: Sequence[Point]
    style: int
    joined: bool = True


@dataclass(frozen=True)
class Range:
    """A row: a value, its interval, and, for a distribution, the middle half."""

    name: str
    value: float
    low: float
    high: float
    style: int
    middle: tuple[float, float] | None = None


def line_chart(
    title: str,
    lines: Sequence[Line],
    x_label: str,
    x_names: Sequence[str] | None = None,
    aside: float = 0.0,
) -> Markup:
    """Lines with markers and interval bars.

    Args:
        x_names: labels of x = 0, 1, 2, ... instead of numbers.
        aside: horizontal offset between neighbouring lines, in units of x, so that their bars do
            not overlap.
    """
    figure, (axes,) = _figure([title], HEIGHT, grid="y")
    for i, line in enumerate(lines):
        _draw_line(axes, line, (i - (len(lines) - 1) / 2) * aside)
    axes.set_xlabel(x_label, fontsize=FONT, color=COLOURS["soft"])
    if x_names is not None:
        axes.set_xticks(range(len(x_names)), x_names)
        axes.set_xlim(-0.5, len(x_names) - 0.5)
    return inline(_written(figure), title)


def range_chart(title: str, rows: Sequence[Range], digits: int = 2) -> Markup:
    """A row per range: value as a dot, interval as a bar, middle half as a box."""
    return inline(_written(_ranges({title: rows}, digits)), title)


def range_panels(label: str, panels: Mapping[str, Sequence[Range]]) -> str:
    """Range charts of several groups side by side, as a standalone SVG."""
    return standalone(_written(_ranges(panels, digits=2)), label)


@cache
def swatch(style: int) -> Markup:
    """The line and marker of a style, for a legend."""
    from matplotlib.figure import Figure

    figure = Figure((26 / 72, 14 / 72), facecolor="none")
    axes = figure.add_axes((0, 0, 1, 1), frameon=False)
    axes.plot([0, 1, 2], [0, 0, 0], markevery=[1], **_look(style))
    axes.set_axis_off()
    return inline(_written(figure), None)


def _ranges(panels: Mapping[str, Sequence[Range]], digits: int) -> "Figure":
    most = max(len(rows) for rows in panels.values())
    figure, every = _figure(list(panels), AROUND + ROW * most, grid="x")
    for axes, rows in zip(every, panels.values(), strict=True):
        for place, row in enumerate(rows):
            _draw_range(axes, row, place, digits)
        axes.set_yticks(range(len(rows)), [_cut(row.name) for row in rows])
        axes.set_ylim(most - 0.5, -0.5)
    return figure


def _figure(titles: Sequence[str], height: float, grid: Any) -> tuple["Figure", "list[Axes]"]:
    """A figure with a panel per title, side by side. Imports matplotlib on first use."""
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine
    from matplotlib.ticker import MaxNLocator

    size = (len(titles) * WIDTH / 72, height / 72)
    layout = ConstrainedLayoutEngine(w_pad=6 / 72, h_pad=6 / 72)
    figure = Figure(size, layout=layout, facecolor="none")
    panels = list(figure.subplots(1, len(titles), squeeze=False)[0])
    for axes, title in zip(panels, titles, strict=True):
        axes.set_title(title, loc="left", fontsize=FONT, weight="bold", color=COLOURS["ink"])
        axes.set_facecolor("none")
        axes.set_frame_on(False)
        axes.tick_params(length=0, labelsize=FONT, labelcolor=COLOURS["soft"])
        axes.grid(axis=grid, color=COLOURS["rule"])
        axes.set_axisbelow(True)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
            axis.set_major_formatter(lambda value, _: f"{value:.6g}")
    return figure, panels


def _draw_line(axes: "Axes", line: Line, moved: float) -> None:
    """A line's path, bars and markers."""
    known = [point for point in line.points if math.isfinite(point.x) and math.isfinite(point.y)]
    look = _look(line.style) | ({} if line.joined else {"linestyle": "none"})
    every = max(1, len(known) // MARKERS) if line.joined else 1
    places, values = [point.x + moved for point in known], [point.y for point in known]
    axes.plot(places, values, markevery=every, gid=f"{TITLE}{line.name}", **look)
    barred = [i for i, point in enumerate(known) if math.isfinite(point.low)]
    lows, highs = [known[i].low for i in barred], [known[i].high for i in barred]
    axes.vlines([places[i] for i in barred], lows, highs, colors=look["color"], linewidth=1.2)


def _draw_range(axes: "Axes", row: Range, place: int, digits: int) -> None:
    """A row's bar, box and dot."""
    look = _look(row.style) | {"linestyle": "-"}
    label = f"{row.name}: {row.value:.{digits}f}"
    ends = [row.value]
    if math.isfinite(row.low):
        label += f" [{row.low:.{digits}f}, {row.high:.{digits}f}]"
        ends = [row.low, row.value, row.high]
    if row.middle is not None:
        start, end = row.middle
        axes.barh(place, end - start, left=start, height=0.6, color=look["color"], alpha=0.3)
    middle = [len(ends) // 2]
    axes.plot(ends, [place] * len(ends), markevery=middle, gid=f"{TITLE}{label}", **look)


def _look(style: int) -> dict[str, Any]:
    """Colour, marker and dashes of a style; rules (below 0) are grey and dashed."""
    colour = COLOURS["baseline"] if style < 0 else COLOURS[f"s{style % STYLES}"]
    return {
        "color": colour,
        "marker": SHAPES[style % len(SHAPES)],
        "linestyle": "--" if style < 0 else "-",
        "linewidth": 1.4,
        "markersize": 5.5,
        "markeredgewidth": 0,
    }


def _written(figure: "Figure") -> str:
    """The figure as SVG, with text as text and without a date, so that output is reproducible."""
    import matplotlib

    file = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "rl_explain"}):
        figure.savefig(file, format="svg", metadata={"Date": None})
    return file.getvalue()


def _cut(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
