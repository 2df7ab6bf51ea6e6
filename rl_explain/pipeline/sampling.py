"""Samples of the SFT model: sampled once, scored once by each term, weighed as configured."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import reward_models
from reward_models import REWARDS
from reward_models.composite import CompositeResult
from rl_explain.explainer.constrained_decoding import GRAMMAR
from rl_explain.files import code_digest, digest, value_digest
from rl_explain.pipeline.run import Run
from rl_explain.tasks.examples import Example, columns
from rl_explain.training.samples import FOLDER, Samples, draw_samples


def scored_samples(
    run: Run,
    folder: Path,
    examples: Sequence[Example],
    samples_per_prompt: int,
    *,
    temperature: float,
    description: str,
    constrained: bool = False,
) -> tuple[Samples, CompositeResult]:
    """`samples_per_prompt` completions of each question, and what the configured reward says of
    them.

    Of `constrained` ones quotes hold titles of the prompts alone. Those that the stage's folder
    holds from an earlier call, of this run or of another one with the same SFT model, are neither
    sampled nor scored again.
    """
    seed, longest = run.config.seed, run.config.evaluation.max_new_tokens
    adapter = digest(run.stage_folder("sft") / "adapter")
    prompts = [example.prompt for example in examples]
    sampled_from = value_digest(
        *(adapter, prompts, samples_per_prompt, temperature, longest, seed),
        *([GRAMMAR] if constrained else []),
    )
    path = folder / FOLDER / f"{sampled_from}.json"
    samples = Samples.load(path)
    if samples is None:
        samples = draw_samples(
            run.explainer("sft"),
            examples,
            samples_per_prompt,
            temperature=temperature,
            max_new_tokens=longest,
            seed=seed,
            description=description,
            constrained=constrained,
        )
        samples.save(path)
    rows = columns([example for example in examples for _ in range(samples_per_prompt)])
    rewards = samples.rewards(REWARDS, _scored_by(run, rows))
    result = run.composite(rewards)(samples.completions, **rows)
    samples.save(path)
    return samples, result


def _scored_by(run: Run, rows: dict[str, list[Any]]) -> str:
    """Everything that scores depend on, beside the texts."""
    settings = {key: value for key, value in asdict(run.config.rewards).items() if key != "weights"}
    settings |= asdict(run.config.judge)
    recommender, data = run.rewarding_recommender.fingerprint, run.interactions.fingerprint
    return value_digest(code_digest(reward_models), settings, recommender, data, rows)
