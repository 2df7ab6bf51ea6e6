"""All metrics of explanations from any source: a model, a baseline, a teacher."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from reward_models.context import RewardContext
from reward_models.faithfulness import reasons_scored
from reward_models.judge.types import Judge
from rl_explain.data.interactions import Interactions
from rl_explain.evaluation.cases import Columns, question, split
from rl_explain.evaluation.causes import causes
from rl_explain.evaluation.explanations import grounding, verdict_and_citations
from rl_explain.evaluation.faithfulness import FaithfulnessMeter
from rl_explain.evaluation.judging import judge_ratings
from rl_explain.evaluation.strata import by_confidence, by_length, margins
from rl_explain.evaluation.tasks import Answered
from rl_explain.evaluation.text import length, rouge_l
from rl_explain.explainer.generation import Answer
from rl_explain.tasks.examples import Example

SPLIT = (
    "explanation/verdict_accuracy",
    "explanation/citations",
    "faithfulness/score",
    "faithfulness/score_masking",
)
"""Metrics also reported by label and by the number of reasons that are scored."""
FAITHFULNESS_SCORE = ("faithfulness/score", "faithfulness/score_masking")
"""Metrics also reported by the number of items that a text cites."""
STRATIFIED = ("faithfulness/score",)
"""Metrics also reported by history length and by the recommender's confidence."""


class ExplanationScorer:
    """Scores texts as answers to one list of explanation questions.

    Args:
        examples: labelled; a completion is the ROUGE-L reference, "" for none.
        longest: maximum history length that the recommender reads.
        judges: judges by the metric name of their ratings.
    """

    def __init__(
        self,
        examples: Sequence[Example],
        interactions: Interactions,
        context: RewardContext,
        longest: int,
        judges: Mapping[str, Judge],
    ) -> None:
        self._examples = examples
        self._interactions = interactions
        self._context = context
        self._judges = judges
        self._meter = FaithfulnessMeter(context)
        self._groups = _labels(examples) | _reasons(examples)
        questions = [question(example) for example in examples]
        margin = margins(questions, context.recommender, len(context.titles))
        lengths = by_length([q.history for q in questions], longest)
        self._strata = lengths | by_confidence(margin)

    def score(self, texts: Sequence[str]) -> Answered:
        """The texts, one per question, with all their scores."""
        examples = self._examples
        readings = [self._context.read(text) for text in texts]
        columns: Columns = {
            **verdict_and_citations(readings, examples),
            **grounding(readings, examples, self._context),
            **self._meter.measure(readings, examples),
            **causes(readings, examples, self._interactions),
            **judge_ratings(texts, examples, self._judges),
            **_text_columns(texts, examples),
        }
        counts = columns["explanation/citations"]
        cites = {f"cited_{n}": counts == n for n in (1, 2, 3)}
        parts = ((SPLIT, self._groups), (FAITHFULNESS_SCORE, cites), (STRATIFIED, self._strata))
        for names, groups in parts:
            for name in names:
                columns |= split(columns, name, groups)
        cited = [r.cited(e.history) for r, e in zip(readings, examples, strict=True)]
        notes: dict[str, list[Any]] = {
            "verdict": [reading.verdict for reading in readings],
            "cited": [[self._context.titles[row] for row in rows] for rows in cited],
            "reasons": [example.reasons for example in examples],
        }
        return Answered(examples, texts, columns, notes)


def _text_columns(texts: Sequence[str], examples: Sequence[Example]) -> Columns:
    """Length, similarity to the reference, and whether texts end before the token limit."""
    references = [example.completion for example in examples]
    cut_off = [isinstance(text, Answer) and not text.ended for text in texts]
    similarity = np.array(rouge_l(texts, references), dtype=float)
    return {
        "text/ended": 1.0 - np.array(cut_off, dtype=float),
        "text/length": np.array([length(text) for text in texts], dtype=float),
        "text/rouge_l": np.where([bool(text) for text in references], similarity, np.nan),
    }


def _labels(examples: Sequence[Example]) -> dict[str, np.ndarray]:
    labels = [example.label for example in examples]
    return {name: np.array([label == name for label in labels], bool) for name in ("yes", "no")}


def _reasons(examples: Sequence[Example]) -> dict[str, np.ndarray]:
    counts = [reasons_scored(e.reasons, len(set(e.history))) for e in examples]
    return {f"reasons_{k}": np.array([n == k for n in counts], bool) for k in sorted(set(counts))}
