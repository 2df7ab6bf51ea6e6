"""What a run will cost, before it starts: stages with expected memory and time.

Rough on purpose: floating-point operations counted from the model's shape and the configured
numbers of tokens, over the speed of a short matrix product on this machine. Stages without the
language model, whose data are not read yet, get the seconds of a small data set.
"""

import time
from collections.abc import Sequence

import torch
from transformers import AutoModelForCausalLM

from rl_explain.config.settings import Config
from rl_explain.explainer.language_model import base_shape
from rl_explain.tasks.pressure import KINDS

TOKENS_PER_ITEM = 16
"""Prompt tokens that an item takes: virtual tokens, title, attributes."""
QUESTION_TOKENS = 40
ANSWER_TOKENS = 30
EFFICIENCY = 0.15
"""Share of a large product's speed that small layers, attention and sampling reach."""
PROGRAM_MIB = 1000
"""Memory of the libraries themselves."""


def estimate_table(config: Config, stages: Sequence[str]) -> str:
    """A line for each stage: seconds and peak memory expected."""
    parameters = _parameters(config.model.name)
    seconds = expected_seconds(config)
    width = max(map(len, stages))
    lines = [f"{'stage':<{width}}  expected time  expected memory"]
    for stage in stages:
        mebibytes = PROGRAM_MIB + _mebibytes(config, parameters, stage)
        memory = f"{mebibytes / 1024:>11.1f} GiB"
        lines.append(f"{stage:<{width}}  {readable(seconds[stage]):>13}  {memory}")
    total = sum(seconds[stage] for stage in stages)
    return "\n".join([*lines, f"{'all':<{width}}  {readable(total):>13}"])


def expected_seconds(config: Config) -> dict[str, float]:
    """Of each stage, on this machine: a token costs 2 operations a parameter, 6 in training."""
    torch.set_num_threads(config.threads)
    parameters, speed = _parameters(config.model.name), _operations_a_second(config)
    training, evaluation = config.training, config.evaluation
    question = config.data.max_history * TOKENS_PER_ITEM + QUESTION_TOKENS
    token = 2 * parameters / (speed * EFFICIENCY)
    forward = (question + ANSWER_TOKENS) * token
    train = 3 * forward
    ppo = training.ppo
    # Completions of a prompt share its reading; sampling, policy and reference each read once.
    iteration = ppo.rollout_batch_size * question + ppo.completions_per_iteration * ANSWER_TOKENS
    online = {
        method: settings.iterations * settings.completions_per_iteration * (2 * forward + train)
        for method, settings in (("grpo", training.grpo), ("rloo", training.rloo))
    } | {"ppo": ppo.iterations * iteration * (3 + 3 * ppo.ppo_epochs) * token}
    validations = {
        method: 2 + (settings := getattr(training, method)).iterations // settings.eval_every
        for method in online
    }
    sampled = training.pairs.prompts * training.pairs.samples
    asked = evaluation.cases + 7 * evaluation.task_cases  # five beams of retrieval
    asked += evaluation.literature_metrics * evaluation.top_item + evaluation.simulatability
    asked += evaluation.pressure * len(KINDS)
    judge = training.judge
    sft = training.sft.steps * training.sft.batch_size * train
    return {
        "prepare": 5.0,
        "recommender": 60.0,
        "tasks": 15.0 + config.tasks.counts.get("explanation", 0) * 2e-3,
        "sft": sft,
        "sft_clean": sft,
        "pairs": sampled * forward,
        "rejection": training.rejection.steps * training.rejection.batch_size * train,
        "orpo": training.orpo.epochs * training.pairs.prompts * 2 * train,
        "dpo": training.dpo.epochs * training.pairs.prompts * 2 * (train + forward),
        "evaluate": len(evaluation.methods) * asked * forward,
        "judge-train": judge.epochs * judge.questions * judge.pairs * 2 * train,
        "judge-check": 10.0,  # of an offline judge
        **{
            method: seconds + validations[method] * training.rl.validation_cases * forward
            for method, seconds in online.items()
        },
    }


def _mebibytes(config: Config, parameters: int, stage: str) -> float:
    """Weights in their number type and, for a batch, activations of about 40 numbers a width."""
    weights = parameters * (4 if config.model.dtype == "float32" else 2)
    if stage in ("prepare", "recommender", "tasks", "judge-check"):
        return 300.0
    rows = {"sft": config.training.sft.batch_size, "ppo": config.training.ppo.micro_batch_size}
    shape = base_shape(config.model.name)
    tokens = config.data.max_history * TOKENS_PER_ITEM + QUESTION_TOKENS + ANSWER_TOKENS
    layers = shape.num_hidden_layers * shape.hidden_size * 40 + shape.vocab_size
    return (weights + rows.get(stage, 64) * tokens * layers * 4) / 2**20


def _parameters(name: str) -> int:
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(base_shape(name))
    return sum(weight.numel() for weight in model.parameters())


def _operations_a_second(config: Config) -> float:
    """Speed of a matrix product on the configured device, in floating-point operations a second."""
    cuda = torch.cuda.is_available() and config.device != "cpu"
    size = 4096 if cuda else 512
    matrix = torch.ones(size, size, device="cuda" if cuda else "cpu")
    matrix @ matrix
    start, products = time.perf_counter(), 20
    for _ in range(products):
        product = matrix @ matrix
    product[0, 0].item()  # waits for the device
    return products * 2 * size**3 / (time.perf_counter() - start)


def readable(seconds: float) -> str:
    """Seconds or, of long times, minutes."""
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
