"""Folders as runs and studies leave them, made up."""

import json
from pathlib import Path

import numpy as np

from rl_explain.evaluation.results import Result
from rl_explain.evaluation.statistics import Measure, estimate

FAITHFULNESS_SCORE, MASKED = "faithfulness/score", "faithfulness/score_masking"
USERS = np.repeat(np.arange(20), 2)
HOSTILE = '"><script>alert(1)</script> & <b>|`_x_`*'


def values(seed: int, gain: float) -> np.ndarray:
    """A faithfulness score a case; equal seeds give scores that differ by the gains alone."""
    return np.random.default_rng(seed).uniform(-0.5, 0.5, len(USERS)) + gain


def result(method: str, seed: int, gain: float) -> Result:
    scored = values(seed, gain)
    measures = {
        FAITHFULNESS_SCORE: Measure(scored, USERS),
        MASKED: Measure(scored / 2, USERS),
        f"{FAITHFULNESS_SCORE}/cited_1": Measure(np.where(USERS % 2, scored, np.nan), USERS),
        f"{FAITHFULNESS_SCORE}/cited_2": Measure(np.where(USERS % 2, np.nan, scored), USERS),
        "text/length": Measure(np.arange(len(USERS), dtype=float), USERS),
    }
    metrics: dict[str, float | None] = {"text/distinct_2": 0.25, "causes/f1": None}
    for name, measure in measures.items():
        metrics |= estimate(measure, 100).flat(name)
    samples = [
        {
            "task": "explanation",
            "case": case,
            "prompt": "a prompt that no report shows",
            "item": HOSTILE if case == 0 else f"Item {case}",
            "label": "no" if case % 3 else "yes",
            "history": ["A & B", "C"],
            "completion": f"{method} says {HOSTILE} of {case}",
            "cited": ["C"],
            "scores": {FAITHFULNESS_SCORE: float(scored[case]), MASKED: None},
        }
        for case in range(6)
    ]
    samples.append({"task": "ranking", "case": 0, "completion": "no explanation", "scores": {}})
    return Result(method, "f", metrics, measures, samples)


def write_run(folder: Path, seed: int, gains: dict[str, float]) -> Path:
    """A finished run with a result for each method, and a log of PPO."""
    for method, gain in gains.items():
        result(method, seed, gain).save(folder / "evaluate")
    write(folder / "evaluate" / "metrics.json", {"sft/x": 1.0})
    write(folder / "ppo" / "metrics.json", {"completions": 64, "steps": 8})
    steps = [(0, None), (4, 0.2), (8, 0.5)]
    lines = [
        {"step": step, "validation/score": 0.1 + step / 10}
        if kl is None or step == 8
        else {"step": step, "kl": 3.0, "completion_length": 30.0, "score": kl, "loss": 0.0}
        | {"reward/faithfulness/mean": 0.4, "reward/total/mean": kl}
        for step, kl in steps
    ]
    (folder / "ppo" / "log.jsonl").write_text("".join(json.dumps(x) + "\n" for x in lines))
    record = {
        "command": "rl-explain run <config>",
        "seed": seed,
        "hardware": "An Abacus, 2 threads",
        "python": "3.11.0",
        "versions": {"torch": "9.9"},
        "commits": {"ppo": "abc123"},
        "wall_seconds": {"ppo": 12.0},
    }
    write(folder / "record.json", record)
    (folder / "config.yaml").write_text("data: {format: demo}\nmodel: {name: tiny}\n")
    return folder


def write(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")
