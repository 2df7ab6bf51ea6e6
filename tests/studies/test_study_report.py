"""Tables of a study: gaps worked out by hand, directions and overlaps of differences."""

from rl_explain.evaluation.results import Result
from rl_explain.evaluation.statistics import Estimate
from rl_explain.studies.differences import Difference
from rl_explain.studies.report import change_table, faithfulness_table, gaps

SCORE = "faithfulness/score"


def scored(**scores: float) -> dict[str, Result]:
    return {name: Result(name, "", {SCORE: score}, {}, []) for name, score in scores.items()}


def cells(table: str) -> list[list[str]]:
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    return [rows[0], *rows[2:]]


def test_gaps_are_shares_of_the_way_from_either_supervised_model() -> None:
    """(0.8 - 0.5) / (1 - 0.5) = 0.60; (0.8 - 0.75) / (1 - 0.75) = 0.20."""
    found = scored(base=0.1, sft=0.5, sft_clean=0.75, ppo=0.8, random=0.0, oracle=1.0)
    assert cells(gaps(found)) == [
        ["method", "from sft", "from sft_clean"],
        ["sft_clean", "0.50", "–"],
        ["ppo", "0.60", "0.20"],
    ]
    assert cells(gaps(scored(sft=0.5, ppo=0.8, oracle=1.0)))[0] == ["method", "from sft"]
    assert gaps(scored(sft=0.5, ppo=0.8)) == gaps(scored(ppo=0.8, oracle=1.0)) == ""


def difference(low: float, high: float, seeds: tuple[float, ...], intervals: str) -> Difference:
    alone = tuple(Estimate(value, value - 1, value + 1) for value in seeds)
    pooled = Estimate((low + high) / 2, low, high)
    ids = tuple(range(len(seeds)))
    return Difference(SCORE, "ppo", "sft", ids, 10, pooled, alone, intervals, 0.5, 0.01, 0.02)


def test_tables_say_above_below_and_whether_intervals_overlap() -> None:
    found = [
        difference(0.1, 0.3, (0.2, 0.2), "overlap"),
        difference(0.1, 0.3, (0.5, -0.1), "separate"),
        difference(-0.3, -0.1, (-0.2, -0.2), "separate"),
    ]
    header, *rows = cells(faithfulness_table(found))
    at = header.index("direction")
    assert header[at + 1] == "intervals"
    assert [row[at : at + 2] for row in rows] == [
        ["above", "overlap"], ["-", "separate"], ["below", "separate"]
    ]  # fmt: skip
    shown = [cells(change_table([one]))[1][2] for one in found]
    assert shown == [
        "+0.20 [+0.10, +0.30]* above",
        "+0.20 [+0.10, +0.30]*",
        "-0.20 [-0.30, -0.10]* below, separate",
    ]
