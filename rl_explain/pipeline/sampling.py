"""Cached samples of the SFT model: sampled once, scored once per term, weighted as configured."""

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
    """Sample `samples_per_prompt` completions of each question and score them by the reward.

    Samples and scores that an earlier call cached in `folder` are reused, also those copied from
    another run with the same SFT model.

    Args:
        folder: the stage's folder, which stores the cache.
        constrained: use constrained decoding.
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
    rewards = samples.rewards(REWARDS, reward_fingerprint(run, rows, weighed=False))
    result = run.composite(rewards)(samples.completions, **rows)
    samples.save(path)
    return samples, result


def reward_fingerprint(run: Run, *beside: Any, weighed: bool = True) -> str:
    """A digest of everything that the reward of a text depends on.

    Args:
        beside: whatever else the caller's result depends on.
        weighed: include weights and normalisation; if not, only what affects single terms.
    """
    rewards = asdict(run.config.rewards)
    if not weighed:
        rewards = {key: rewards[key] for key in ("length_band", "recommender")}
    recommender, data = run.rewarding_recommender.fingerprint, run.interactions.fingerprint
    judge = asdict(run.config.judge)
    return value_digest(code_digest(reward_models), rewards, judge, recommender, data, *beside)
