"""The table over all data sets of a study, against means taken by hand."""

from pathlib import Path

from light_runs import write_results

from rl_explain.evaluation.results import read_results
from rl_explain.pipeline.table import method_rows
from rl_explain.studies.overview import overview
from rl_explain.studies.pool import pooled_methods

FAITHFULNESS_SCORE = "faithfulness/score"


def table(folder: Path) -> list[list[str]]:
    """Two seeds of one data set, where `dpo` has one; one seed of the other."""
    runs = {
        "films": [
            {"sft": 0.0, "ppo": 0.5, "dpo": 0.1, "oracle": 1.0, "ppo, far": 0.4},
            {"sft": 0.0, "ppo": 0.25},
        ],
        "games": [{"ppo": -0.5}],
    }
    seeds = {}
    for data, means in runs.items():
        for seed, mean in enumerate(means):
            write_results(
                folder / data / str(seed),
                seed,
                {m: {FAITHFULNESS_SCORE: x} for m, x in mean.items()},
            )
        seeds[data] = {
            seed: read_results(folder / data / str(seed) / "evaluate") for seed in range(len(means))
        }
    made = overview(seeds, {data: pooled_methods(s, method_rows()) for data, s in seeds.items()})
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in made.splitlines()]


def test_rows_are_data_sets_and_methods_in_the_order_of_the_tables(tmp_path: Path) -> None:
    rows = table(tmp_path)[2:]
    expected = [["films", "sft", "2"], ["films", "ppo", "2"], ["films", "dpo", "1"],
                ["films", "oracle", "1"], ["games", "ppo", "1"]]  # fmt: skip
    assert [row[:3] for row in rows] == expected


def test_values_are_pooled_over_seeds_and_carry_intervals(tmp_path: Path) -> None:
    rows = {(row[0], row[1]): row for row in table(tmp_path)}
    shown = rows["films", "ppo"][3]
    value, low, high = (
        float(x) for x in shown.replace("[", "").replace("]", "").replace(",", "").split()
    )
    seen = [read_results(tmp_path / "films" / str(s) / "evaluate")["ppo"] for s in (0, 1)]
    mean = sum(r.measures[FAITHFULNESS_SCORE].values.mean() for r in seen) / 2
    assert abs(value - mean) < 0.005 + 1e-9
    assert low < value < high


def test_a_row_without_any_number_is_left_out(tmp_path: Path) -> None:
    write_results(
        tmp_path, 0, {"sft": {FAITHFULNESS_SCORE: 0.1}, "most_frequent_item": {"history/hcr": 0.5}}
    )
    seeds = {"films": {0: read_results(tmp_path / "evaluate")}}
    lines = overview(seeds, {"films": pooled_methods(seeds["films"], method_rows())}).splitlines()
    assert [line.split("|")[2].strip() for line in lines[2:]] == ["sft"]


def test_what_was_not_measured_is_a_dash(tmp_path: Path) -> None:
    rows = table(tmp_path)
    assert rows[0][:4] == ["data", "method", "seeds", "faithfulness score"]
    assert set(rows[2][4:]) == {"–"}
