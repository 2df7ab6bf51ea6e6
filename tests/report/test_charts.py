"""Where charts put numbers, read back from the SVG; and what an SVG must not hold."""

import math
import re
import subprocess
import sys
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from rl_explain.report.charts import MARKERS, Line, Point, Range, line_chart, range_chart, swatch
from rl_explain.report.svg import COLOURS
from rl_explain.templates import source

Element = ElementTree.Element


def drawn(svg: str, title: str) -> list[Element]:
    """The group of an artist: its path, if it has one, then its markers."""
    groups = [g for g in ElementTree.fromstring(svg).iter("g") if g.findtext("title") == title]
    assert len(groups) == 1
    return list(groups[0].iter("path"))


def corners(path: Element) -> list[tuple[float, float]]:
    numbers = [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", path.attrib["d"])]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def markers(svg: str, title: str) -> list[tuple[float, float]]:
    moved = [path.get("transform", "") for path in drawn(svg, title)]
    numbers = [re.findall(r"-?\d+(?:\.\d+)?", one) for one in moved if one]
    return [(float(x), float(y)) for x, y in numbers]


def ticks(svg: str, anchor: str) -> dict[float, float]:
    """Numbers on an axis, and where they are written."""
    coordinate = {"middle": "x", "end": "y"}[anchor]
    return {
        float(text.text or ""): float(text.attrib[coordinate])
        for text in ElementTree.fromstring(svg).iter("text")
        if f"text-anchor: {anchor}" in text.attrib["style"]
        and re.fullmatch(r"-?[\d.]+(e-?\d+)?", text.text or "")
    }


def test_points_are_where_the_axes_say() -> None:
    points = [Point(0, 0), Point(5, 3), Point(10, 1)]
    svg = line_chart("up", [Line("a", points, 0)], "x")
    path = corners(drawn(svg, "a")[0])
    across, up = ticks(svg, "middle"), ticks(svg, "end")
    for (x, y), point in zip(path, points, strict=True):
        assert x == pytest.approx(across[point.x], abs=0.1)
        # A label's baseline lies below the tick, by the same distance everywhere.
        assert y - path[0][1] == pytest.approx(up[point.y] - up[0], abs=0.1)


def test_intervals_markers_and_gaps() -> None:
    points = [Point(x, x, x - 1, x + 1) for x in range(2)] + [Point(2, math.nan)]
    svg = line_chart("a", [Line("line", points, 0)], "x")
    assert len(markers(svg, "line")) == 2
    paths = ElementTree.fromstring(svg).iter("path")
    bars = [path for path in paths if "stroke-width: 1.2" in path.attrib["style"]]
    assert len(bars) == 2
    (x1, low), (x2, high) = corners(bars[0])
    assert x1 == x2 and (low + high) / 2 == pytest.approx(markers(svg, "line")[0][1], abs=0.1)
    many = Line("line", [Point(x, x) for x in range(100)], 0)
    assert MARKERS <= len(markers(line_chart("a", [many], "x"), "line")) <= 2 * MARKERS
    alone = Line("line", many.points, 0, joined=False)
    svg = line_chart("a", [alone], "x")
    assert len(drawn(svg, "line")) == len(markers(svg, "line")) == 100


def test_lines_at_the_same_numbers_are_moved_apart() -> None:
    lines = [Line(name, [Point(0, 0), Point(1, 1)], i) for i, name in enumerate("ab")]
    svg = line_chart("t", lines, "x", ["zero", "one"], aside=0.1)
    a, b = (corners(drawn(svg, name)[0]) for name in "ab")
    assert b[0][0] - a[0][0] == pytest.approx(0.1 * (a[1][0] - a[0][0]), abs=0.1)


def test_equal_values_and_no_values_can_be_drawn() -> None:
    for points in ([Point(3, 2)], [Point(3, 2), Point(4, 2)], []):
        svg = line_chart("a", [Line("line", points, 0)], "x")
        assert "nan" not in svg and "inf" not in svg


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-0.03, 0.004), (997, 1003), (1e-7, 3e-7)])
def test_ticks_are_few_round_and_inside(low: float, high: float) -> None:
    found = sorted(ticks(range_chart("a", [Range("row", low, low, high, 0)]), "middle"))
    assert 3 <= len(found) <= 7
    room = 0.06 * (high - low)
    assert all(low - room <= tick <= high + room for tick in found)
    assert len({round((b - a) / (high - low), 3) for a, b in pairwise(found)}) == 1


def test_a_range_says_its_value_and_ends_and_draws_them() -> None:
    svg = range_chart("a", [Range("row", 0.5, 0.25, 1, -1, (0.3, 0.6))])
    title = "row: 0.50 [0.25, 1.00]"
    bar = corners(drawn(svg, title)[0])
    low, value, high = (x for x, _ in bar)
    assert (value - low) / (high - low) == pytest.approx(1 / 3, abs=0.01)
    assert markers(svg, title) == [pytest.approx(bar[1], abs=0.02)]


def test_charts_hold_no_id_no_reference_and_no_colour_of_their_own() -> None:
    rows = [Range('<b>&"', 0.5, 0.25, 1, style, (0.3, 0.6)) for style in range(-1, 12)]
    for svg in (range_chart('<i>&"', rows), swatch(0), swatch(-1)):
        assert not re.search(r"\b(id|href|xmlns|clip-path)=|url\(|<style|<defs|#[0-9a-f]{3}", svg)
        assert "<b>" not in svg and "<i>" not in svg
    assert range_chart('<i>&"', rows) == range_chart('<i>&"', rows)


def test_every_colour_of_a_chart_is_known_in_the_light_and_in_the_dark() -> None:
    light, _, dark = source("colours.css").partition("@media screen")
    assert len(set(COLOURS.values())) == len(COLOURS) == 16
    for name in COLOURS:
        assert f"--{name}: #" in light and f"--{name}: #" in dark


def test_matplotlib_is_loaded_only_to_draw() -> None:
    code = "import sys, rl_explain.report.write; assert 'matplotlib' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
