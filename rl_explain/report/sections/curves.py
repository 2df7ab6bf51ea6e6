"""Learning curves: scores, reward terms, KL and losses by optimiser step."""

from collections.abc import Callable, Sequence
from typing import Any

from markupsafe import Markup

from rl_explain.report.charts import Line, Point, line_chart
from rl_explain.report.compared import Compared, Training, row_name
from rl_explain.report.parts import Figure, Section, Table

VALIDATION_SCORE = "validation/score"
"""Copied from `training.validation`, because its import would load the model libraries."""
STEP = "optimiser steps"
SCORE, KL, LOSS, LENGTH = "score", "kl", "loss", "completion_length"
TERM, MEAN = "reward/", "/mean"
"""In a log, a reward term's mean is `reward/TERM/mean`."""
Coordinates = Callable[[dict[str, Any]], Point | None]
"""Maps a log line to a point; `None` if the line has no such value."""


def curves_section(found: Compared) -> Section:
    """Charts of own runs, charts of variants, and a table of validation scores."""
    own = [training for training in found.trainings if not training.variant]
    variants = [training for training in found.trainings if training.variant]
    parts: list[Figure | Table] = [*_figures(found, own, "")]
    # Each variant has its own reward weights, so scores of variants are not comparable.
    parts += _figures(
        found, variants, " of variants (each has its own reward, so values are not comparable)"
    )
    if summary := _summary(found):
        parts.append(summary)
    return Section("Learning curves", parts)


def _figures(found: Compared, trainings: Sequence[Training], of: str) -> list[Figure]:
    terms = dict.fromkeys(
        key.removeprefix(TERM).removesuffix(MEAN)
        for training in trainings
        for line in training.log
        for key in line
        if key.startswith(TERM) and key.endswith(MEAN) and key != f"{TERM}total{MEAN}"
    )
    wanted: dict[str, list[tuple[str, str, Coordinates]]] = {
        f"Validation score{of}: mean reward of greedy answers for validation users": [
            ("validation score", STEP, _over_steps(VALIDATION_SCORE))
        ],
        f"Reward terms{of}: means over the samples of training": [
            (term, STEP, _over_steps(f"{TERM}{term}{MEAN}")) for term in terms
        ],
        f"Reward against KL{of}: the score reached at each distance from SFT; "
        "one point per logged step": [("sampled score", "KL to SFT, nats per token", _kl_score)],
        f"Training loss{of}: each method has its own loss, so values are not comparable": [
            ("loss", STEP, _supervised_loss)
        ],
    }
    figures = []
    for caption, charts in wanted.items():
        drawn = [_chart(found, trainings, *chart) for chart in charts]
        shown = [chart for chart in drawn if chart is not None]
        if shown:
            figures.append(
                Figure(caption, shown, _legend(found, trainings, [place for *_, place in charts]))
            )
    return figures


def _chart(
    found: Compared, trainings: Sequence[Training], title: str, x_label: str, place: Coordinates
) -> Markup | None:
    lines = []
    for training in trainings:
        points = [point for line in training.log if (point := place(line)) is not None]
        if points:
            row = row_name(training.method, training.variant)
            name, joined = f"{row}, seed {training.seed}", place is not _kl_score
            lines.append(Line(name, points, found.styles[row], joined))
    return line_chart(title, lines, x_label) if lines else None


def _legend(
    found: Compared, trainings: Sequence[Training], places: Sequence[Coordinates]
) -> dict[str, int]:
    rows = [
        row_name(training.method, training.variant)
        for training in trainings
        if any(place(line) is not None for line in training.log for place in places)
    ]
    return {row: found.styles[row] for row in found.styles if row in rows}


def _over_steps(name: str) -> Coordinates:
    def place(line: dict[str, Any]) -> Point | None:
        value = line.get(name)
        return None if value is None else Point(float(line.get("step", 0)), float(value))

    return place


def _supervised_loss(line: dict[str, Any]) -> Point | None:
    """The loss; `None` for policy gradients (their lines have a score): it shows no progress."""
    return None if line.get(LOSS) is None or SCORE in line else _over_steps(LOSS)(line)


def _kl_score(line: dict[str, Any]) -> Point | None:
    if line.get(KL) is None or line.get(SCORE) is None:
        return None
    return Point(_kl(line), float(line[SCORE]))


def _kl(line: dict[str, Any]) -> float:
    """KL in nats per token. PPO logs it per completion, with its length; TRL logs it per token."""
    return float(line[KL]) / float(line.get(LENGTH) or 1)


def _summary(found: Compared) -> Table | None:
    """For each training with validation: the score before it, the best score and its step."""
    rows = []
    for training in found.trainings:
        scores = {
            line.get("step", 0): line[VALIDATION_SCORE]
            for line in training.log
            if line.get(VALIDATION_SCORE) is not None
        }
        if scores:
            best = max(scores, key=lambda step: scores[step])
            before, reached = next(iter(scores.values())), scores[best]
            kl = [_kl(line) for line in training.log if line.get(KL) is not None]
            name = row_name(training.method, training.variant)
            figures = [f"{before:.3f}", f"{reached:.3f}", str(best), f"{kl[-1]:.3f}" if kl else "–"]
            rows.append([name, str(training.seed), *figures])
    header = ["method", "seed", "score before", "best score", "at step", "last KL, nats per token"]
    return Table("Validation scores", header, rows) if rows else None
