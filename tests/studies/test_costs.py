"""Costs of methods, from files written by hand."""

import json
from pathlib import Path

from rl_explain.evaluation.results import Result
from rl_explain.explainer.language_model import load_tokenizer
from rl_explain.studies.costs import Cost, cost_table, costs
from rl_explain.training.samples import Samples


def stage(run: Path, name: str, seconds: float, **metrics: float) -> None:
    (run / name).mkdir(parents=True)
    (run / name / "metrics.json").write_text(json.dumps(metrics))
    record = run / "record.json"
    seconds_of = json.loads(record.read_text())["wall_seconds"] if record.exists() else {}
    record.write_text(json.dumps({"wall_seconds": seconds_of | {name: seconds}}))


def log(run: Path, name: str, **lengths: list[float]) -> None:
    lines = [json.dumps({key: value}) for key, values in lengths.items() for value in values]
    (run / name / "log.jsonl").write_text("".join(line + "\n" for line in [*lines, '{"x": 1}']))


def test_pairs_count_for_each_method_that_stands_on_them(tmp_path: Path) -> None:
    for seed, more in (("a", 0), ("b", 10)):
        run = tmp_path / seed
        stage(run, "sft", 50 + more, steps=20)
        stage(run, "pairs", 100, completions=600, tokens=9000, pairs=90)
        stage(run, "orpo", 30 + more, steps=6 + more)
        stage(run, "ppo", 200, completions=640, tokens=8000 + more, steps=40)
    found = costs([tmp_path / "a", tmp_path / "b"])
    assert found == {
        "sft": Cost(0, 0, 20, 55),
        "ppo": Cost(640, 8005, 40, 200),
        "orpo": Cost(600, 9000, 11, 135),
    }
    assert cost_table(found).splitlines()[2:] == [
        "| sft | 0 | 0 | 20 | 55 |",
        "| ppo | 640 | 8005 | 40 | 200 |",
        "| orpo | 600 | 9000 | 11 | 135 |",
        "",
        "Largest over smallest budget of methods that sample: "
        "completions 1.07, tokens 1.12, optimiser steps 3.64.",
    ]


def test_tokens_of_earlier_versions_are_in_their_logs(tmp_path: Path) -> None:
    stage(tmp_path, "ppo", 9, completions=20, iterations=2, steps=4)
    log(tmp_path, "ppo", completion_length=[7.0, 9.0])
    stage(tmp_path, "grpo", 9, completions=20, iterations=2, steps=4)
    log(tmp_path, "grpo", **{"completions/mean_length": [5.0, 6.0]})
    stage(tmp_path, "pairs", 9, completions=20)
    stage(tmp_path, "dpo", 9, steps=4)
    found = costs([tmp_path])
    assert found["ppo"].tokens == 10 * 7 + 10 * 9
    assert found["grpo"].tokens == 10 * 5 + 10 * 6
    assert found["dpo"].tokens is None
    assert "| dpo | 20 | – | 4 | 18 |" in cost_table(found)


def test_best_of_n_samples_at_use(tmp_path: Path) -> None:
    assert costs([tmp_path]) == {}
    kept = Samples(["a", "b", "c"], [True, True, False], [4, 5, 9])
    kept.save(tmp_path / "evaluate" / "samples" / "some.json")
    Result("best_of_n", "", {}, {}, []).save(tmp_path / "evaluate")
    assert costs([tmp_path]) == {"best_of_n": Cost(3, 18, 0, None)}


def test_samples_of_earlier_versions_are_counted_again(tmp_path: Path) -> None:
    stage(tmp_path, "pairs", 9, completions=2, ended=0.5)
    texts = ["Yes.", "No. Yes."]
    lines = [json.dumps({"number": i, "completion": text}) for i, text in enumerate(texts)]
    (tmp_path / "pairs" / "samples.jsonl").write_text("\n".join(lines))
    stage(tmp_path, "orpo", 9, steps=4)
    (tmp_path / "config.yaml").write_text("model: {name: tiny}\nevaluation: {best_of_n: 4}\n")
    stage(tmp_path, "evaluate", 9)
    Result("best_of_n", "", {}, {}, [{}, {}, {}]).save(tmp_path / "evaluate")
    tokenizer = load_tokenizer("tiny")
    tokens = sum(len(tokenizer.encode(text, add_special_tokens=False)) for text in texts)
    assert costs([tmp_path])["orpo"] == Cost(2, tokens + 1, 4, 18)
    assert costs([tmp_path])["best_of_n"] == Cost(12, None, 0, None)
