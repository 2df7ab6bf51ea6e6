"""Candidates of the SFT model: sampled once, scored once by each term, weighed as configured."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import reward_models
from reward_models import REWARDS
from reward_models.composite import CompositeResult
from rl_explain.alignment.examples import Example, columns
from rl_explain.alignment.title_grammar import GRAMMAR
from rl_explain.lineage import code_digest, digest, value_digest
from rl_explain.run import Run
from rl_explain.training.candidates import FOLDER, Candidates, sample_candidates


def weighed_candidates(
    run: Run,
    folder: Path,
    examples: Sequence[Example],
    samples: int,
    *,
    temperature: float,
    description: str,
    grounded: bool = False,
) -> tuple[Candidates, CompositeResult]:
    """`samples` completions of each question, and what the configured reward says of them.

    Of `grounded` ones quotes hold titles of the prompts alone. Those that the stage's folder holds
    from an earlier call, of this run or of another one with the same SFT model, are neither sampled
    nor scored again.
    """
    seed, longest = run.config.seed, run.config.evaluation.max_new_tokens
    adapter = digest(run.stage_folder("sft") / "adapter")
    prompts = [example.prompt for example in examples]
    sampled_from = value_digest(
        *(adapter, prompts, samples, temperature, longest, seed), *([GRAMMAR] if grounded else [])
    )
    path = folder / FOLDER / f"{sampled_from}.json"
    candidates = Candidates.load(path)
    if candidates is None:
        candidates = sample_candidates(
            run.explainer("sft"),
            examples,
            samples,
            temperature=temperature,
            max_new_tokens=longest,
            seed=seed,
            description=description,
            grounded=grounded,
        )
        candidates.save(path)
    rows = columns([example for example in examples for _ in range(samples)])
    rewards = candidates.rewards(REWARDS, _scored_by(run, rows))
    result = run.composite(rewards)(candidates.completions, **rows)
    candidates.save(path)
    return candidates, result


def _scored_by(run: Run, rows: dict[str, list[Any]]) -> str:
    """Everything that scores depend on, beside the texts."""
    settings = {key: value for key, value in asdict(run.config.rewards).items() if key != "weights"}
    settings |= asdict(run.config.judge)
    recommender, data = run.rewarding_recommender.fingerprint, run.interactions.fingerprint
    return value_digest(code_digest(reward_models), settings, recommender, data, rows)
