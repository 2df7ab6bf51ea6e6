"""The stages of a run: each reads what earlier ones left and writes its own folder."""

from collections.abc import Callable, Sequence
from pathlib import Path

from rl_explain.explainer.constrained_decoding import TitleConstraint
from rl_explain.explainer.language_model import base_shape, load_tokenizer
from rl_explain.pipeline.evaluate import evaluate
from rl_explain.pipeline.judge_stages import judge_check, judge_train
from rl_explain.pipeline.prepare import prepare, recommender, tasks
from rl_explain.pipeline.run import Metrics, Run
from rl_explain.pipeline.train import dpo, grpo, orpo, pairs, ppo, rejection, rloo, sft

STAGE_FUNCTIONS: dict[str, Callable[[Run, Path], Metrics]] = {
    "prepare": prepare,
    "recommender": recommender,
    "tasks": tasks,
    "sft": sft,
    "sft_clean": sft,
    "pairs": pairs,
    "rejection": rejection,
    "ppo": ppo,
    "grpo": grpo,
    "rloo": rloo,
    "orpo": orpo,
    "dpo": dpo,
    "evaluate": evaluate,
    "judge-train": judge_train,
    "judge-check": judge_check,
}


def run_stages(run: Run, stages: Sequence[str] | None = None) -> None:
    """Perform stages in order; finished ones are kept.

    Args:
        stages: names out of `STAGE_FUNCTIONS`; those of the run's configuration when `None`.

    Raises:
        UserError: a stage is asked for before one that it reads, the folder holds stages made
            with other settings or data, there is no such base model, or its tokenizer is one that
            explanations cannot be grounded with.
    """
    performed = run.config.stages if stages is None else stages
    if "tasks" in performed:
        base_shape(run.config.model.name)  # `tasks` reads it first, after minutes of other stages
    held = {
        "evaluate": run.config.evaluation.constrained_decoding,
        "pairs": run.config.training.pairs.constrained_decoding,
        "ppo": run.config.training.ppo.constrained_decoding,
    }
    if any(held.get(stage) for stage in performed):
        tokenizer = load_tokenizer(run.config.model.name)
        TitleConstraint(tokenizer, len(tokenizer))  # else refused after all training
    for stage in performed:
        run.perform(stage, STAGE_FUNCTIONS[stage])
