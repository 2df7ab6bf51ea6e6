"""Costs of methods, from files written by hand."""

import json
from pathlib import Path

from rl_explain.studies.costs import cost_table


def stage(run: Path, name: str, seconds: float, **metrics: float) -> None:
    (run / name).mkdir(parents=True)
    (run / name / "metrics.json").write_text(json.dumps(metrics))
    record = run / "record.json"
    seconds_of = json.loads(record.read_text())["wall_seconds"] if record.exists() else {}
    record.write_text(json.dumps({"wall_seconds": seconds_of | {name: seconds}}))


def test_pairs_count_for_each_method_that_stands_on_them(tmp_path: Path) -> None:
    for seed, more in (("a", 0), ("b", 10)):
        run = tmp_path / seed
        stage(run, "sft", 50 + more, steps=20)
        stage(run, "pairs", 100, completions=600, pairs=90)
        stage(run, "orpo", 30 + more, steps=6 + more)
        stage(run, "ppo", 200, completions=640, steps=40)
    assert cost_table([tmp_path / "a", tmp_path / "b"]).splitlines()[2:] == [
        "| sft | 0 | 20 | 55 |",
        "| ppo | 640 | 40 | 200 |",
        "| orpo | 600 | 11 | 135 |",
    ]
