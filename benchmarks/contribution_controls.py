"""Asks a run's models again with the contributions of their prompts permuted or zeroed.

python benchmarks/contribution_controls.py runs/quickstart

Prompts show a vector for each history item (`explainer/embedding_tables.py`). *Permuted*: the
vectors of a history change places at random. *Zeroed*: they are all 0. The questions, titles and
user embeddings stay. What remains of the score shows what a model knows without these vectors.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

from reward_models import REWARDS
from rl_explain.errors import UserError
from rl_explain.evaluation.statistics import Measure, estimate
from rl_explain.explainer.explainer import Explainer
from rl_explain.pipeline.prepare import held_out_examples
from rl_explain.pipeline.run import Run
from rl_explain.tasks.examples import Example, columns

SHOWN = ("as they are", "permuted", "zeroed")


def show(explainer: Explainer, places: int, how: str, seed: int) -> None:
    """Change the contributions of all user histories in place; the padding after them stays."""
    embedding: Any = explainer.model.get_input_embeddings()
    table = embedding.user_table.unflatten(0, (-1, 1 + places))
    rng = np.random.default_rng(seed)
    for vectors in table[:, 1:]:
        count = int(vectors.any(dim=1).sum())
        if how == "permuted":
            vectors[:count] = vectors[torch.from_numpy(rng.permutation(count))].clone()
        elif how == "zeroed":
            vectors[:] = 0


def cell(run: Run, method: str, how: str, examples: list[Example]) -> str:
    """The faithfulness score of a method's texts, with a 95 % interval over users."""
    explainer, settings = run.explainer(method), run.config.evaluation
    show(explainer, run.embedding_tables.places, how, run.config.seed)
    answers = explainer.generate(
        [example.prompt for example in examples],
        max_new_tokens=settings.max_new_tokens,
        constrained=settings.constrained_decoding,
        description=f"{method}, {how}",
    )
    texts = [texts[0] for texts in answers]
    scores = REWARDS["faithfulness"](texts, context=run.reward_context, **columns(examples))
    values = np.array([np.nan if score is None else score for score in scores], dtype=float)
    found = estimate(Measure(values, np.array([example.user for example in examples])))
    return f"{found.value:.2f} [{found.low:.2f}, {found.high:.2f}]"


def controls(run: Run, methods: list[str]) -> str:
    """A Markdown table: a row per method, a column per way to show the contributions."""
    examples = [example for example in held_out_examples(run) if example.task == "explanation"]
    lines = [f"| contributions | {' | '.join(SHOWN)} |", f"| --- |{' --- |' * len(SHOWN)}"]
    for method in methods:
        cells = [cell(run, method, how, examples) for how in SHOWN]
        lines.append(f"| {method} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Print the table; return exit code 0, or 1 if there is no run to ask."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, help="a run's folder")
    parser.add_argument("--methods", nargs="+", default=["base", "sft", "ppo"])
    given = parser.parse_args()
    try:
        print(controls(Run.open(given.folder), given.methods), end="")
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
