"""Metrics of explanations without recommender calls: verdicts, citations, grounding."""

from collections.abc import Sequence

import numpy as np

from reward_models.context import RewardContext
from reward_models.grounding import Grounding, ground
from reward_models.text.reading import Reading
from rl_explain.evaluation.cases import Columns
from rl_explain.tasks.examples import Example


def verdict_and_citations(readings: Sequence[Reading], examples: Sequence[Example]) -> Columns:
    """Whether the verdict is the label, the asked title is named, and a yes cites the history.

    `explanation/cites` covers only texts whose own verdict is yes: a no may cite nothing.
    `explanation/citations` is the number of history items that a text names.
    """
    cited = np.array([len(r.cited(e.history)) for r, e in zip(readings, examples, strict=True)])
    right = [r.verdict == e.label for r, e in zip(readings, examples, strict=True)]
    named = [e.item in r.items for r, e in zip(readings, examples, strict=True)]
    says_yes = np.array([reading.verdict == "yes" for reading in readings], dtype=bool)
    return {
        "explanation/verdict_accuracy": np.array(right, dtype=float),
        "explanation/names_item": np.array(named, dtype=float),
        "explanation/cites": np.where(says_yes, cited > 0, np.nan),
        "explanation/citations": cited.astype(float),
    }


def grounding(
    readings: Sequence[Reading], examples: Sequence[Example], context: RewardContext
) -> Columns:
    """Grounding precision, of titles and attribute claims together and separately.

    `grounding/none` is the share of texts without titles or claims; precision leaves them out.
    """
    found = [
        ground(reading, context=context, history=example.history, item=example.item)
        for reading, example in zip(readings, examples, strict=True)
    ]
    precision = np.array([grounding.precision for grounding in found], dtype=float)
    return {
        "grounding/precision": precision,
        "grounding/none": np.isnan(precision).astype(float),
        "grounding/titles": np.array([_titles(g) for g in found], dtype=float),
        "grounding/claims": np.array([_claims(g) for g in found], dtype=float),
    }


def _titles(found: Grounding) -> float:
    named = found.titles + found.unknown
    return found.in_history / named if named else np.nan


def _claims(found: Grounding) -> float:
    return found.confirmed / found.claims if found.claims else np.nan
