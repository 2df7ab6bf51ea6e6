"""The stages of a run: each reads what earlier ones left and writes its own folder."""

from collections.abc import Callable, Sequence
from pathlib import Path

from rl_explain.alignment.language_model import base_shape, load_tokenizer
from rl_explain.alignment.title_grammar import TitleGrammar
from rl_explain.run import Metrics, Run
from rl_explain.stages.evaluation import evaluate
from rl_explain.stages.judging import judge_check, judge_train
from rl_explain.stages.preparation import prepare, recommender, tasks
from rl_explain.stages.training import dpo, grpo, orpo, pairs, ppo, rejection, rloo, sft

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
        "evaluate": run.config.evaluation.grounded_decoding,
        "pairs": run.config.training.pairs.grounded_decoding,
        "ppo": run.config.training.ppo.grounded_decoding,
    }
    if any(held.get(stage) for stage in performed):
        tokenizer = load_tokenizer(run.config.model.name)
        TitleGrammar(tokenizer, len(tokenizer))  # else refused after all training
    for stage in performed:
        run.perform(stage, STAGE_FUNCTIONS[stage])
