"""Training and sampling costs of each method of a study."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rl_explain.config.reader import read_yaml
from rl_explain.evaluation.results import read_results
from rl_explain.explainer.language_model import load_tokenizer
from rl_explain.pipeline.record import read_record
from rl_explain.pipeline.table import STAGES, Kind, method_rows
from rl_explain.tables.markdown import markdown_table
from rl_explain.training.logs import LOG_FILE, SAMPLES_FILE, sampled_tokens
from rl_explain.training.pairs import read_samples
from rl_explain.training.samples import FOLDER, Samples


@dataclass(frozen=True)
class Cost:
    """Costs of a method after SFT, as means over runs; `None` if a run did not record them.

    completions, tokens: sampled for training or for best of n, without validation. Tokens include
        the end token of each text.
    steps: optimiser steps.
    seconds: wall time.
    """

    completions: float
    tokens: float | None
    steps: float
    seconds: float | None


def costs(runs: Sequence[Path]) -> dict[str, Cost]:
    """The mean cost of each method that trained or sampled, over runs of one configuration.

    Completions, tokens and seconds of `pairs` count in full for each method that trains on them.
    `best_of_n` samples at inference time; its cost is for the test cases.
    """
    return mean_costs([costs_of(run) for run in runs])


def mean_costs(runs: Sequence[Mapping[str, Cost]]) -> dict[str, Cost]:
    """The mean cost of each method over the runs that have it."""
    found = {m: [costs[m] for costs in runs if m in costs] for m in method_rows()}
    return {method: _mean(some) for method, some in found.items() if some}


def costs_of(run: Path) -> dict[str, Cost]:
    """The cost of each method in one run."""
    return {method: cost for method in method_rows() if (cost := _cost(run, method))}


def cost_table(found: Mapping[str, Cost]) -> str:
    """A Markdown table with a row per method, and below it how much the budgets differ."""
    header = ["method", "sampled completions", "sampled tokens", "optimiser steps", "seconds"]
    rows = [
        [method, *map(_show, (cost.completions, cost.tokens, cost.steps, cost.seconds))]
        for method, cost in found.items()
    ]
    return "\n\n".join(part for part in (markdown_table(header, rows), _budgets(found)) if part)


def _budgets(found: Mapping[str, Cost]) -> str:
    """Largest over smallest budget among the methods that sample; "" for fewer than two."""
    sampling = [cost for cost in found.values() if cost.completions]
    kinds = {
        "completions": [cost.completions for cost in sampling],
        "tokens": [cost.tokens for cost in sampling if cost.tokens],
        "optimiser steps": [cost.steps for cost in sampling if cost.steps],
    }
    shares = [f"{kind} {max(n) / min(n):.2f}" for kind, n in kinds.items() if len(n) > 1]
    ratios = ", ".join(shares)
    return f"Largest over smallest budget of methods that sample: {ratios}." if shares else ""


def _cost(run: Path, method: str) -> Cost | None:
    """The cost of a method; `None` if it neither trained nor sampled."""
    if STAGES[method].kind is Kind.AT_USE:
        return _at_use(run)
    own = _stage(run, method)
    pairs = _stage(run, "pairs") if "pairs" in STAGES[method].reads else None
    if own is None or pairs is None:
        return own
    seconds = None if None in (own.seconds, pairs.seconds) else own.seconds + pairs.seconds  # type: ignore[operator]
    return Cost(pairs.completions, pairs.tokens, own.steps, seconds)


def _stage(run: Path, stage: str) -> Cost | None:
    path = run / stage / "metrics.json"
    if not path.is_file():
        return None
    metrics = json.loads(path.read_text(encoding="utf-8"))
    seconds = read_record(run).get("wall_seconds", {}).get(stage)
    completions = metrics.get("completions", 0)
    return Cost(completions, _tokens(run / stage, metrics), metrics.get("steps", 0), seconds)


def _tokens(folder: Path, metrics: Mapping[str, float]) -> float | None:
    """Sampled tokens of a stage; for runs of earlier versions, counted from logs or samples."""
    if "tokens" in metrics or not metrics.get("completions"):
        return metrics.get("tokens", 0)
    if "iterations" in metrics:
        path = folder / LOG_FILE
        return sampled_tokens(path, metrics) if path.is_file() else None
    return _tokenised(folder, metrics) if (folder / SAMPLES_FILE).is_file() else None


def _tokenised(pairs: Path, metrics: Mapping[str, float]) -> float:
    """Tokens of all samples, tokenised again, plus an end token for each that ended."""
    tokenizer = load_tokenizer(read_yaml(pairs.parent / "config.yaml")["model"]["name"])
    texts = [row["completion"] for row in read_samples(pairs)]
    ids = tokenizer(texts, add_special_tokens=False).input_ids
    return sum(map(len, ids)) + metrics["ended"] * metrics["completions"]


def _at_use(run: Path) -> Cost | None:
    """Cost of best of n: the evaluation's cached samples or, in earlier versions, n per case."""
    result = read_results(run / "evaluate", "best_of_n").get("best_of_n")
    if result is None:
        return None
    kept = sorted((run / "evaluate" / FOLDER).glob("*.json"))
    found = [samples for path in kept if (samples := Samples.load(path))]
    if found:
        completions = sum(len(samples.completions) for samples in found)
        return Cost(completions, sum(sum(samples.tokens) for samples in found), 0, None)
    n = read_yaml(run / "config.yaml")["evaluation"]["best_of_n"]
    return Cost(n * len(result.samples), None, 0, None)


def _mean(found: Sequence[Cost]) -> Cost:
    def mean(name: str) -> float | None:
        values = [getattr(cost, name) for cost in found]
        return None if None in values else float(np.mean(values))

    return Cost(mean("completions") or 0, mean("tokens"), mean("steps") or 0, mean("seconds"))


def _show(figure: float | None) -> str:
    return "–" if figure is None else f"{figure:.0f}"
