"""The stages before the language model: interactions, frozen recommender, histories, examples."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rl_explain.config.settings import Config
from rl_explain.data.dataset import read_dataset
from rl_explain.data.statistics import statistics_table
from rl_explain.errors import UserError
from rl_explain.evaluation.tasks import ASK
from rl_explain.explainer.embedding_tables import build_embedding_tables
from rl_explain.explainer.language_model import load_tokenizer
from rl_explain.pipeline.run import Metrics, Run
from rl_explain.pipeline.table import STAGES, Kind
from rl_explain.recommenders.sasrec import SasrecConfig
from rl_explain.recommenders.training import SasrecTraining, train_sasrec
from rl_explain.tasks.build import build_examples
from rl_explain.tasks.context import TaskContext
from rl_explain.tasks.examples import Example, write_examples
from rl_explain.tasks.user_histories import build_user_histories
from rl_explain.teacher.template import Teacher


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
    """Train SASRec and keep the best epoch, frozen."""
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
    """Save user histories, embedding tables, and the training and validation examples."""
    config, seed = run.config, run.config.seed
    data, rl, settings = config.data, config.training.rl, config.tasks
    histories = build_user_histories(
        run.interactions,
        run.splits,
        data.max_history,
        data.max_user_histories,
        data.histories_per_user,
        seed,
    )
    histories.save(folder)
    places = data.max_history if settings.contributions else 0
    build_embedding_tables(run.recommender, histories.sequences, places).save(folder)
    catalogue = run.interactions.catalogue
    context = TaskContext(catalogue, histories, run.recommender, run.prompts)
    instructions = Path(settings.instructions) if settings.instructions else None
    sft = {
        name: build_examples(
            context,
            histories.train,
            settings.counts,
            settings.sft_forms,
            seed,
            Teacher(catalogue, settings.verdict, rate, seed),
            instructions,
        )
        for name, rate in (("sft", config.teacher.corruption_rate), ("sft_clean", 0.0))
    }
    validation = {"explanation": rl.validation_cases}
    form = [settings.form]
    parts = sft | {
        "rl": build_examples(context, histories.train, rl.counts, form, seed + 1),
        "validation": build_examples(context, histories.validation, validation, form, seed + 2),
    }
    _check_lengths(config, parts["sft_clean"])
    for name, examples in parts.items():
        write_examples(examples, folder / f"{name}.jsonl")
    return {"user_histories": len(histories)} | {f"examples/{k}": len(v) for k, v in parts.items()}


def held_out_examples(run: Run) -> list[Example]:
    """The evaluation's questions about test users: explanations, and the trained tasks.

    They are built anew and not stored, so a finished run can be evaluated on more cases.
    """
    config, seed = run.config, run.config.seed + 3
    wanted, settings = config.tasks, config.evaluation
    measured = [task for task in ASK if wanted.counts.get(task)]
    counts = {
        "explanation": settings.cases,
        **dict.fromkeys(measured, settings.task_cases),
    }
    catalogue, histories = run.interactions.catalogue, run.user_histories
    context = TaskContext(catalogue, histories, run.recommender, run.prompts)
    # The reference texts of ROUGE-L; the evaluation uses these completions for nothing else.
    teacher = Teacher(catalogue, wanted.verdict, 0.0, seed)
    return build_examples(context, histories.test, counts, [wanted.form], seed, teacher)


def _check_lengths(config: Config, examples: Sequence[Example]) -> None:
    """Refuse token limits that would cut off more than 1 % of the teacher's explanations.

    Raises:
        UserError: a limit is too low; the message names the settings and the limits needed.
    """
    texts = [example.completion for example in examples if example.task == "explanation"]
    if not texts:
        return
    tokenizer = load_tokenizer(config.model.name)
    lengths = [len(ids) + 1 for ids in tokenizer(texts, add_special_tokens=False).input_ids]
    needed = int(np.quantile(lengths, 0.99, method="higher"))
    limits = {"evaluation.max_new_tokens": config.evaluation.max_new_tokens} | {
        f"training.{stage}.max_new_tokens": getattr(config.training, stage).max_new_tokens
        for stage in config.stages
        if STAGES[stage].kind is Kind.ONLINE
    }
    if short := [name for name, limit in limits.items() if limit < needed]:
        wanted = " ".join(f"{name}={needed + needed // 8}" for name in short)
        raise UserError(
            f"{short[0]} is {limits[short[0]]}, but 1 % of the teacher's explanations have "
            f"{needed} tokens or more: set {wanted}."
        )
