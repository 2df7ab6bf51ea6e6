"""Estimates of the time and memory of each stage, before a run starts.

Estimates are rough: the floating-point operations implied by the model's shape and the configured
numbers of tokens, divided by the measured speed of a short matrix product on this machine. Stages
without the language model get the seconds of a small data set, since the data are not read yet.
"""

import time
from collections.abc import Sequence
from typing import Any

import torch
from transformers import AutoModelForCausalLM

from rl_explain.config.settings import Config
from rl_explain.explainer.language_model import base_shape
from rl_explain.pipeline.table import STAGES, Kind, Stage, stage_rows
from rl_explain.progress import duration
from rl_explain.tasks.pressure import KINDS

TOKENS_PER_ITEM = 16
"""Prompt tokens per item: virtual tokens, title, attributes."""
QUESTION_TOKENS = 40
ANSWER_TOKENS = 30
EFFICIENCY = 0.15
"""Speed of small layers, attention and sampling as a fraction of a large matrix product's."""
DATA_SECONDS = {"prepare": 5.0, "recommender": 60.0, "tasks": 15.0}
"""Seconds of the data stages on a small data set."""
JUDGE_CHECK_SECONDS = 10.0
"""Seconds of the stage `judge-check` with an offline judge."""
PROGRAM_MIB = 1000
"""Memory of the libraries themselves."""


def estimate_table(config: Config, performed: Sequence[str]) -> str:
    """A text table with a row per stage: expected time and peak memory."""
    parameters = _parameters(config.model.name)
    seconds = expected_seconds(config)
    width = max(map(len, performed))
    lines = [f"{'stage':<{width}}  expected time  expected memory"]
    for stage in performed:
        mebibytes = PROGRAM_MIB + _mebibytes(config, parameters, STAGES[stage])
        memory = f"{mebibytes / 1024:>11.1f} GiB"
        lines.append(f"{stage:<{width}}  {duration(seconds[stage]):>13}  {memory}")
    total = sum(seconds[stage] for stage in performed)
    return "\n".join([*lines, f"{'all':<{width}}  {duration(total):>13}"])


def expected_seconds(config: Config) -> dict[str, float]:
    """Expected seconds of each stage on this machine.

    A token costs 2 operations per parameter in a forward pass and 6 in training.
    """
    torch.set_num_threads(config.threads)
    token = 2 * _parameters(config.model.name) / (_operations_a_second(config) * EFFICIENCY)
    return {name: _seconds(config, row, token) for name, row in stage_rows().items()}


def _seconds(config: Config, row: Stage, token: float) -> float:
    """Expected seconds of one stage; `token` is the seconds per token of a forward pass."""
    training: Any = config.training
    own: Any = getattr(training, row.group, None)
    question = config.data.max_history * TOKENS_PER_ITEM + QUESTION_TOKENS
    forward = (question + ANSWER_TOKENS) * token
    train = 3 * forward
    match row.kind:
        case Kind.DATA:
            return DATA_SECONDS[row.name] + (
                config.tasks.counts.get("explanation", 0) * 2e-3 if row.name == "tasks" else 0
            )
        case Kind.SUPERVISED:
            return float(getattr(own, "steps", 0) * getattr(own, "batch_size", 0) * train)
        case Kind.SAMPLES:
            return float(own.prompts * own.samples * forward)
        case Kind.PAIRED:
            reads = train + forward  # the reference model's forward pass
            return float(own.epochs * training.pairs.prompts * 2 * reads)
        case Kind.ONLINE:
            # A prompt is read once for all its completions: in sampling, policy and reference.
            read = own.rollout_batch_size * question + own.completions_per_iteration * ANSWER_TOKENS
            passes = 3 + 3 * getattr(own, "ppo_epochs", 1)
            validations = 2 + own.iterations // own.eval_every
            validated = validations * training.rl.validation_cases * forward
            return float(own.iterations * read * passes * token + validated)
        case Kind.JUDGE:
            return float(own.epochs * own.questions * own.pairs * 2 * train)
        case Kind.EVALUATION:
            return len(config.evaluation.methods) * _asked(config) * forward
        case _:
            return JUDGE_CHECK_SECONDS


def _asked(config: Config) -> int:
    """Number of questions that each method answers in the evaluation."""
    evaluation = config.evaluation
    return (
        evaluation.cases
        + 7 * evaluation.task_cases  # retrieval uses five beams
        + evaluation.literature_metrics * evaluation.top_item
        + evaluation.simulatability
        + evaluation.pressure * len(KINDS)
    )


def _mebibytes(config: Config, parameters: int, row: Stage) -> float:
    """Memory of a stage in MiB: weights, plus about 40 activations per hidden unit and token."""
    if row.kind in (Kind.DATA, Kind.JUDGE_CHECK):
        return 300.0
    weights = parameters * (4 if config.model.dtype == "float32" else 2)
    own = getattr(config.training, row.group, None)
    rows = getattr(own, "micro_batch_size", getattr(own, "batch_size", 64))
    shape = base_shape(config.model.name)
    tokens = config.data.max_history * TOKENS_PER_ITEM + QUESTION_TOKENS + ANSWER_TOKENS
    layers = shape.num_hidden_layers * shape.hidden_size * 40 + shape.vocab_size
    return float(weights + rows * tokens * layers * 4) / 2**20


def _parameters(name: str) -> int:
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(base_shape(name))
    return sum(weight.numel() for weight in model.parameters())


def _operations_a_second(config: Config) -> float:
    """Floating-point operations per second of a matrix product on the configured device."""
    cuda = torch.cuda.is_available() and config.device != "cpu"
    size = 4096 if cuda else 512
    matrix = torch.ones(size, size, device="cuda" if cuda else "cpu")
    matrix @ matrix
    start, products = time.perf_counter(), 20
    for _ in range(products):
        product = matrix @ matrix
    product[0, 0].item()  # waits for the device
    return products * 2 * size**3 / (time.perf_counter() - start)
