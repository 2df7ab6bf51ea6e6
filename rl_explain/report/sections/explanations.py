"""The same cases explained by several methods, with scores."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from rl_explain.evaluation.results import Result, in_order
from rl_explain.evaluation.rules import is_rule
from rl_explain.pipeline.table import method_rows
from rl_explain.report.compared import Compared
from rl_explain.report.parts import Case, Cases, Said, Section

SHOWN = {
    "faithfulness score": "faithfulness/score",
    "faithfulness (masking)": "faithfulness/score_masking",
    "right verdict": "explanation/verdict_accuracy",
    "grounding": "grounding/precision",
    "causes F1": "causes/f1",
    "judge": "explanation/judge_rating",
    "words": "text/length",
}
"""Scores shown below a text, by title; Markdown shows only the first."""
BESIDE = ("oracle",)
"""Rules shown next to the models: the best possible citation."""
LIMIT = 200


def explanations_section(found: Compared, limit: int = LIMIT, seed: int = 0) -> Section:
    """Up to `limit` cases, drawn by `seed` from those that every shown method explained."""
    texts = {method: _texts(found.own[method]) for method in in_order(found.own, method_rows())}
    texts = {m: own for m, own in texts.items() if own and (not is_rule(m) or m in BESIDE)}
    if not texts:
        return Section("Explanations to read")
    common = sorted(set.intersection(*(set(own) for own in texts.values())))
    drawn = sorted(np.random.default_rng(seed).permutation(len(common))[:limit].tolist())
    cases = [_case(common[i], {m: own[common[i]] for m, own in texts.items()}) for i in drawn]
    said = (
        f"{len(cases)} of {len(common)} cases, drawn at random from the first seed that has each "
        "method. Scores are for this case only; a dash means that a score does not apply to it."
    )
    return Section("Explanations to read", [said, Cases(cases)] if cases else [])


def _texts(result: Result) -> dict[int, dict[str, Any]]:
    """The samples of a method, by case number."""
    return {s["case"]: s for s in result.samples}


def _case(number: int, samples: Mapping[str, dict[str, Any]]) -> Case:
    first = next(iter(samples.values()))
    known = {title for s in samples.values() for title, n in SHOWN.items() if n in s["scores"]}
    said = [
        Said(
            method,
            " ".join(sample["completion"].split()),
            sample.get("cited") or (),
            {t: sample["scores"].get(name) for t, name in SHOWN.items() if t in known},
        )
        for method, sample in samples.items()
    ]
    return Case(number, str(first["item"]), str(first["label"]), first["history"], said)
