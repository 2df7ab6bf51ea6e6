"""Measures how many completions per second the rewards score.

    python benchmarks/rewards_throughput.py [--threads 2] [--repeats 5]

Targets on two CPU cores: 5,000 for all terms except faithfulness and the judge, with 10,000 titles;
1,000 for faithfulness with SASRec, histories of 10, one to three citations, 1,864 items and 8
completions per history. Catalogues and histories are generated; all texts are distinct sentences of
the template teacher. SASRec has random weights, which are as slow as trained ones. Every repeat
starts with empty caches.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from reward_models import REWARDS, faithfulness
from reward_models.composite import Composite
from reward_models.context import RewardContext
from reward_models.perturb.measures import label, percentile
from rl_explain.data.catalogue import Catalogue
from rl_explain.pipeline.record import hardware, source_commit, this_command
from rl_explain.recommenders.frozen import FrozenRecommender
from rl_explain.recommenders.sasrec import Sasrec, SasrecConfig
from rl_explain.teacher.writer import Writer

THEMES = "courtroom culinary haunted heist magical military musical racing seafaring".split()
SETTINGS = "alpine desert futuristic medieval polar rural tropical urban".split()
SYLLABLES = "ba ce di fo gu la me ni po ru sa te vi zo".split()
CHEAP = {name: 1.0 for name in REWARDS if name not in ("faithfulness", "judge")}

ASKED = "Targets: 5,000 for the composite, 1,000 for faithfulness at history 10, 8 per history."

World = tuple[RewardContext, list[str], dict[str, list[Any]]]


def catalogue_of(num_items: int, rng: np.random.Generator) -> Catalogue:
    """A catalogue with titles of two made-up words; each item has a theme and a setting."""
    words = [f"{a}{b}{c}".capitalize() for a in SYLLABLES for b in SYLLABLES for c in SYLLABLES]
    pairs = rng.choice(len(words) ** 2, num_items, replace=False)
    titles = tuple(f"{words[p // len(words)]} {words[p % len(words)]}" for p in pairs.tolist())
    attributes = tuple(
        {"theme": (str(rng.choice(THEMES)),), "setting": (str(rng.choice(SETTINGS)),)}
        for _ in titles
    )
    return Catalogue(tuple(map(str, range(num_items))), titles, attributes)


def build(num_items: int, history: int, questions: int, completions: int, seed: int = 0) -> World:
    """A context, and `completions` texts with their columns for each of `questions` questions."""
    rng = np.random.default_rng(seed)
    catalogue = catalogue_of(num_items, rng)
    torch.manual_seed(seed)
    sasrec = Sasrec(SasrecConfig(num_items, max_history=history)).eval()
    recommender = FrozenRecommender(sasrec, catalogue.fingerprint)
    context = RewardContext(catalogue.titles, catalogue.attributes, recommender)
    histories = [tuple(rng.permutation(num_items)[:history].tolist()) for _ in range(questions)]
    rows = [_ask(past, recommender, rng) for past in histories]
    columns = {
        name: [value for row in rows for value in [row[name]] * completions] for name in rows[0]
    }
    return context, _answers(catalogue, columns, rng), columns


def _ask(history: tuple[int, ...], target: FrozenRecommender, rng: np.random.Generator) -> Any:
    """A question about a labelled item outside the history."""
    scores = target.score([history])
    while True:
        item = int(rng.integers(target.num_items))
        verdict = label(percentile(scores, np.array([item]), [history])[0])
        if item not in history and verdict:
            reasons = int(rng.integers(1, 4))
            question = {"task": "explanation", "history": history, "item": item, "label": verdict}
            return question | {"reasons": reasons, "candidates": None}


def _answers(catalogue: Catalogue, columns: Any, rng: np.random.Generator) -> list[str]:
    """The teacher's sentences about one to three titles of the history, numbered to be distinct."""
    writer = Writer(catalogue)
    rows = zip(columns["history"], columns["item"], columns["label"], strict=True)
    return [
        writer.write(item, verdict, rng.permutation(past)[: rng.integers(1, 4)].tolist(), rng)
        + f" This is note {number}."
        for number, (past, item, verdict) in enumerate(rows)
    ]


def forgetful(context: RewardContext) -> RewardContext:
    """The context with empty caches, except for what is built once per catalogue."""
    fresh = replace(context)
    fresh.__dict__.update(finder=context.finder, claims=context.claims)  # cached properties
    return fresh


def speed(world: World, score: Callable[..., Any], repeats: int) -> tuple[float, float]:
    """Completions per second of wall time and of processor time: medians over the repeats."""
    context, texts, columns = world
    taken = []
    for _ in range(repeats):
        fresh = forgetful(context)
        start = time.perf_counter(), time.process_time()
        score(texts, context=fresh, **columns)
        taken.append((time.perf_counter() - start[0], time.process_time() - start[1]))
    wall, processor = np.median(taken, axis=0)
    return len(texts) / wall, len(texts) / processor


def one_by_one(texts: list[str], *, context: RewardContext, **columns: Any) -> list[Any]:
    """Faithfulness of each text in a separate call, so that completions share no work."""
    return [
        faithfulness(
            [text],
            context=forgetful(context),
            **{name: values[row : row + 1] for name, values in columns.items()},
        )[0]
        for row, text in enumerate(texts)
    ]


def composite(texts: list[str], *, context: RewardContext, **columns: Any) -> Any:
    """All terms except faithfulness and the judge."""
    return Composite(CHEAP, context)(texts, **columns)


def main() -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--threads", type=int, default=2, help="CPU threads of the recommender")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    cases: dict[str, tuple[World, Callable[..., Any]]] = {
        "composite, 10,000 titles": (build(10_000, 10, 500, 8), composite),
        "faithfulness, history 10, 8 per history": (build(1864, 10, 250, 8), faithfulness),
        "faithfulness, history 10, 1 per history": (build(1864, 10, 500, 1), faithfulness),
        "faithfulness, history 10, 8 per history, one call each": (
            build(1864, 10, 25, 8),
            one_by_one,
        ),
        "faithfulness, history 50, 8 per history": (build(1864, 50, 32, 8), faithfulness),
    }
    made_by = f"`python benchmarks/{this_command()}`, commit {source_commit()}"
    print(f"# Completions scored per second\n\n{made_by}. {ASKED}\n")
    print(f"{hardware('cpu', options.threads)}; medians of {options.repeats}\n")
    print("| scored | completions/s | completions/s of processor time |\n|---|---:|---:|")
    for name, (world, score) in cases.items():
        wall, processor = speed(world, score, options.repeats)
        print(f"| {name} | {wall:,.0f} | {processor:,.0f} |", flush=True)


if __name__ == "__main__":
    main()
