"""Examples for all trainers and the evaluation: a prompt, its answer and what it asks."""

import dataclasses
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from reward_models.perturb.measures import label, percentile
from rl_explain.errors import UserError
from rl_explain.recommenders.protocol import Recommender

NO_USER = -1
"""`Example.user` of a question without a user."""


@dataclass(frozen=True)
class Example:
    """One question of a task and, if known, its answer.

    `prompt` is plain text with virtual tokens, before any chat template. `completion` is "" if
    there is no answer, as in reinforcement learning. `user` is a row of the interactions,
    `history_id` the number of the history's virtual token. `history`, `item` and `candidates` are
    item rows, candidates in the order shown. `label` is "yes" or "no", `reasons` the number of
    reasons asked for.
    """

    task: str
    form: str
    prompt: str
    completion: str
    user: int = NO_USER
    history_id: int | None = None
    history: tuple[int, ...] = ()
    item: int | None = None
    label: str | None = None
    candidates: tuple[int, ...] | None = None
    reasons: int | None = None


def columns(examples: Sequence[Example]) -> dict[str, list[Any]]:
    """Examples as columns for rewards and data sets: field name to one value per example."""
    return {
        field.name: [getattr(example, field.name) for example in examples]
        for field in dataclasses.fields(Example)
    }


def write_examples(examples: Iterable[Example], path: Path) -> None:
    """Write one JSON line per example."""
    lines = [json.dumps(dataclasses.asdict(e), ensure_ascii=False) for e in examples]
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")


def read_examples(path: Path) -> list[Example]:
    """The examples that `write_examples` wrote.

    Raises:
        UserError: the file does not exist.
    """
    if not path.is_file():
        raise UserError(f"no examples at {path}: run the stage that prepares the tasks first.")
    # Not splitlines(): titles may contain other line separators.
    lines = path.read_text(encoding="utf-8").split("\n")
    return [_example(json.loads(line)) for line in lines if line]


def _example(row: dict[str, Any]) -> Example:
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in row.items()}
    return Example(**values)


def relabelled(examples: Sequence[Example], recommender: Recommender) -> list[Example]:
    """The examples with another recommender's labels; drops those that it gives no label."""
    asked = [e for e in examples if e.item is not None and e.label is not None]
    scores = recommender.score([e.history for e in asked])
    shares = percentile(scores, np.array([e.item for e in asked]), [e.history for e in asked])
    labels = dict(zip(map(id, asked), map(label, shares), strict=True))
    return [
        replace(e, label=labels[id(e)]) if id(e) in labels else e
        for e in examples
        if labels.get(id(e), e) is not None
    ]
