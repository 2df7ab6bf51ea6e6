"""Explanations to read: the same cases explained by every method, in the order of the results."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from rl_explain.evaluation.results import Result

SCORE = "faithfulness/score"


def side_by_side(results: Mapping[str, Result], n: int = 3, seed: int = 0) -> str:
    """Up to `n` cases as Markdown, drawn with `seed` from those that every model explained.

    Rules are left out: their texts are the teacher's sentences around other titles.
    """
    models = {name: result for name, result in results.items() if result.kind == "model"}
    samples = {method: _explanations(result) for method, result in models.items()}
    samples = {method: cases for method, cases in samples.items() if cases}
    common = (
        sorted(set.intersection(*(set(cases) for cases in samples.values()))) if samples else []
    )
    drawn = np.random.default_rng(seed).permutation(len(common))[:n]
    return "\n\n".join(
        _case({method: cases[common[i]] for method, cases in samples.items()}) for i in drawn
    )


def _explanations(result: Result) -> dict[int, dict[str, Any]]:
    """The explanation samples of a method, by case number."""
    return {s["case"]: s for s in result.samples if s["task"] == "explanation"}


def _case(by_method: Mapping[str, dict[str, Any]]) -> str:
    first = next(iter(by_method.values()))
    history = ", ".join(f'"{title}"' for title in first["history"])
    lines = [
        f'**"{first["item"]}"**: the recommender says {first["label"]}. History: {history}.',
        "",
    ]
    for method, sample in by_method.items():
        score = sample["scores"].get(SCORE)
        shown = "ill-posed" if score is None else f"{score:+.2f}"
        text = " ".join(sample["completion"].split()) or "(empty)"
        lines.append(f"- `{method}` (faithfulness score {shown}): {text}")
    return "\n".join(lines)
