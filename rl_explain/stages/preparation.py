"""What comes before the language model: interactions, the frozen target, states and examples."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rl_explain.alignment.banks import build_banks
from rl_explain.alignment.examples import Example, write_examples
from rl_explain.alignment.language_model import load_tokenizer
from rl_explain.alignment.states import build_states
from rl_explain.alignment.task_context import TaskContext
from rl_explain.alignment.tasks import build_examples
from rl_explain.config import ONLINE, Config
from rl_explain.data.dataset import read_dataset
from rl_explain.data.statistics import statistics_table
from rl_explain.errors import UserError
from rl_explain.evaluation.tasks import ASK
from rl_explain.evidence.teacher import Teacher
from rl_explain.recommenders.sasrec import SasrecConfig
from rl_explain.recommenders.training import SasrecTraining, train_sasrec
from rl_explain.run import Metrics, Run


def prepare(run: Run, folder: Path) -> Metrics:
    """Read, filter and save the interactions; print their statistics."""
    data = run.config.data
    interactions, figures = read_dataset(
        data.format,
        seed=run.config.seed,
        path=data.path,
        interactions=data.interactions,
        items=data.items,
        min_rating=data.min_rating,
        num_items=data.num_items,
        num_users=data.num_users,
        k_core=data.k_core,
    )
    interactions.save(folder)
    print(statistics_table(figures))
    return figures


def recommender(run: Run, folder: Path) -> Metrics:
    """Train SASRec and freeze the best epoch."""
    settings = run.config.recommender
    shape = SasrecConfig(
        num_items=len(run.interactions.catalogue),
        max_history=run.config.data.max_history,
        dim=settings.dim,
        layers=settings.layers,
        heads=settings.heads,
        dropout=settings.dropout,
    )
    training = SasrecTraining(
        learning_rate=settings.learning_rate,
        weight_decay=settings.weight_decay,
        batch_size=settings.batch_size,
        max_epochs=settings.max_epochs,
        patience=settings.patience,
    )
    seed = run.config.seed if settings.seed is None else settings.seed
    metrics = train_sasrec(run.interactions, folder, shape, training, seed, run.device)
    print(statistics_table(metrics))
    return metrics


def tasks(run: Run, folder: Path) -> Metrics:
    """States, banks, and the examples of every training and of validation."""
    config, seed = run.config, run.config.seed
    data, alignment, rl = config.data, config.alignment, config.training.rl
    states = build_states(
        run.interactions, run.splits, data.max_history, data.max_states, data.states_per_user, seed
    )
    states.save(folder)
    places = data.max_history if alignment.contributions else 0
    build_banks(run.recommender, states, places).save(folder)
    catalogue = run.interactions.catalogue
    context = TaskContext(catalogue, states, run.recommender, run.prompts)
    instructions = Path(alignment.instructions) if alignment.instructions else None
    sft = {
        name: build_examples(
            context,
            states.train,
            alignment.counts,
            alignment.sft_forms,
            seed,
            Teacher(catalogue, alignment.verdict, noise, seed),
            instructions,
        )
        for name, noise in (("sft", alignment.noise), ("sft_clean", 0.0))
    }
    validation = {"explanation": rl.validation_cases}
    form = [alignment.form]
    parts = sft | {
        "rl": build_examples(context, states.train, rl.counts, form, seed + 1),
        "validation": build_examples(context, states.validation, validation, form, seed + 2),
    }
    _check_lengths(config, parts["sft_clean"])
    for name, examples in parts.items():
        write_examples(examples, folder / f"{name}.jsonl")
    return {"states": len(states)} | {f"examples/{k}": len(v) for k, v in parts.items()}


def held_out_examples(run: Run) -> list[Example]:
    """What the evaluation asks about test users: explanations, and the tasks that were trained.

    They are no part of the stage's folder, so a finished run can be measured on more cases.
    """
    config, seed = run.config, run.config.seed + 3
    alignment, settings = config.alignment, config.evaluation
    measured = [task for task in ASK if alignment.counts.get(task)]
    counts = {
        "explanation": settings.cases,
        **dict.fromkeys(measured, settings.alignment_cases),
    }
    catalogue, states = run.interactions.catalogue, run.states
    context = TaskContext(catalogue, states, run.recommender, run.prompts)
    # What ROUGE-L compares with; evaluation reads no other completion of an explanation.
    teacher = Teacher(catalogue, alignment.verdict, 0.0, seed)
    return build_examples(context, states.test, counts, [alignment.form], seed, teacher)


def _check_lengths(config: Config, examples: Sequence[Example]) -> None:
    """Refuse limits that cut off more than one in a hundred of the teacher's explanations.

    Raises:
        UserError: names the settings and the lengths that are needed.
    """
    texts = [example.completion for example in examples if example.task == "explanation"]
    if not texts:
        return
    tokenizer = load_tokenizer(config.model.name)
    lengths = [len(ids) + 1 for ids in tokenizer(texts, add_special_tokens=False).input_ids]
    needed = int(np.quantile(lengths, 0.99, method="higher"))
    limits = {"evaluation.max_new_tokens": config.evaluation.max_new_tokens} | {
        f"training.{method}.max_new_tokens": getattr(config.training, method).max_new_tokens
        for method in ONLINE
        if method in config.stages
    }
    if short := [name for name, limit in limits.items() if limit < needed]:
        wanted = " ".join(f"{name}={needed + needed // 8}" for name in short)
        raise UserError(
            f"{short[0]} is {limits[short[0]]}, and one in a hundred of the teacher's explanations "
            f"takes {needed} tokens or more: set {wanted}."
        )
