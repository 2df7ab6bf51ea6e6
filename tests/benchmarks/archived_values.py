"""Results of a small study, made up."""

import numpy as np

from rl_explain.evaluation.results import Result
from rl_explain.evaluation.statistics import Measure

SCORE = "faithfulness/score"
USERS = np.repeat(np.arange(20), 2)
NOTE = "chosen by the score of 0.1"


def values(seed: int, gain: float) -> np.ndarray:
    """A score a case; equal seeds give scores that differ by the gains alone."""
    return np.random.default_rng(seed).uniform(-0.5, 0.5, len(USERS)) + gain


def result(method: str, seed: int, gain: float) -> Result:
    samples = [
        {
            "task": "explanation",
            "case": case,
            "item": f"Item {case}",
            "label": "no" if case % 3 else "yes",
            "reasons": 2,
            "history": ["A", "B"],
            "completion": f"{method} on {case}",
            "scores": {SCORE: None if case == 1 else 0.5},
        }
        for case in range(len(USERS))
    ]
    cited = np.where(np.arange(len(USERS)) < 10, 1.0, 2.0)
    measures = {
        SCORE: Measure(values(seed, gain), USERS),
        "explanation/citations": Measure(cited, USERS),
    }
    return Result(method, "f", {}, measures, samples)
