"""The judge validation report, as Markdown."""

from collections.abc import Mapping

import numpy as np

from reward_models.judge.types import HIGHEST, LOWEST
from rl_explain.judge_validation.known_quality import FAITHFUL, LEVELS
from rl_explain.judge_validation.measures import JudgeValidation, to_level
from rl_explain.tables.markdown import escape, markdown_table
from rl_explain.tables.table import show

FIGURES = {
    "kappa": "kappa, quadratic weights",
    "self_agreement": "agreement with itself, asked again",
    "position_consistency": "same preference in both orders",
    "first_share": 'share of "first" among preferences (0.5: unbiased)',
    "preference_accuracy": "faithful text preferred in both orders",
    "length_correlation": "rank correlation of rating and words within a level",
    "unanswered": "unanswered",
}
_LEVELS = range(LOWEST, HIGHEST + 1)


def validation_report(
    name: str, validation: JudgeValidation, own: Mapping[str, float] | None = None
) -> str:
    """The figures, the confusion matrix, one row per kind, and the texts of one question.

    Args:
        own: the judge's own figures, such as its costs.
    """
    parts = [summary(name, validation)]
    if own:
        rows = [[escape(figure), _number(value)] for figure, value in own.items()]
        parts += ["## The judge's own figures", markdown_table(["figure", "value"], rows)]
    return "\n\n".join([*parts, "## Texts of one question", _texts(validation)])


def summary(name: str, validation: JudgeValidation) -> str:
    """The report without the texts."""
    questions = len({text.question for text in validation.texts})
    asked = f"{len(validation.texts)} explanations of known quality, on {questions} questions."
    parts = [
        f"# Judge validation: {escape(name)}",
        asked,
        _figures(validation),
        "## True level and rating",
        _confusion(validation),
        "## Kinds of explanation",
        _kinds(validation),
        _verdict(validation),
    ]
    return "\n\n".join(parts)


def fooled_by(validation: JudgeValidation) -> list[str]:
    """Kinds that the judge rates, on average, at least as high as the faithful explanations."""
    means = {kind: _mean(validation.ratings[validation.kinds == kind]) for kind in LEVELS}
    return [kind for kind in LEVELS if kind != FAITHFUL and means[kind] >= means[FAITHFUL]]


def _figures(validation: JudgeValidation) -> str:
    metrics = validation.metrics()
    rows = [[title, _number(metrics[name])] for name, title in FIGURES.items()]
    correlations = validation.length_correlations().items()
    rows += [[f"the same at level {n}", _number(r)] for n, r in correlations]
    accuracy = ["rated at the true level", show(validation.accuracy())]
    return markdown_table(["figure", "value"], [accuracy, *rows])


def _confusion(validation: JudgeValidation) -> str:
    counts = validation.confusion()
    header = ["true level", *(f"rated {level}" for level in _LEVELS), "unanswered"]
    rows = []
    for level in _LEVELS:
        missing = np.isnan(validation.ratings[validation.levels == level]).sum()
        rows.append([str(level), *map(str, counts[level - LOWEST]), str(missing)])
    return markdown_table(header, rows)


def _kinds(validation: JudgeValidation) -> str:
    header = ["kind", "true level", "mean rating", "at its level", "at least as high as faithful"]
    rows = []
    for kind, level in LEVELS.items():
        ratings = validation.ratings[validation.kinds == kind]
        right = _mean(np.where(np.isnan(ratings), np.nan, to_level(ratings) == level))
        above = np.nan if kind == FAITHFUL else validation.at_or_above_faithful(kind)
        shown = [_number(_mean(ratings)), _number(right), _number(above)]
        rows.append([kind.replace("_", " "), str(level), *shown])
    return markdown_table(header, rows)


def _verdict(validation: JudgeValidation) -> str:
    fooled = [kind.replace("_", " ") for kind in fooled_by(validation)]
    if not fooled:
        return "No kind is rated, on average, at least as high as faithful texts."
    return f"Kinds rated, on average, at least as high as faithful texts: {', '.join(fooled)}."


def _texts(validation: JudgeValidation) -> str:
    first = validation.texts[0].question
    rows = []
    for text, rating in zip(validation.texts, validation.ratings, strict=True):
        if text.question == first:
            kind = text.kind.replace("_", " ")
            rows.append([kind, str(text.level), _number(rating), escape(text.case.text)])
    return markdown_table(["kind", "true level", "rating", "text"], rows)


def _number(value: float | None) -> str:
    return "–" if value is None or np.isnan(value) else f"{value:.2f}"


def _mean(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
