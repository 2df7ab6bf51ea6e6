"""The stages of a run: each reads what earlier ones left and writes its own folder."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from peft import PeftModel
from transformers import PreTrainedTokenizerBase, set_seed

from rl_explain.alignment.banks import build_banks
from rl_explain.alignment.examples import Example, columns, read_examples, write_examples
from rl_explain.alignment.explainer import Manifest
from rl_explain.alignment.generation import format_prompt
from rl_explain.alignment.language_model import (
    add_adapter,
    base_fingerprint,
    freeze_connectors,
    load_adapter,
    load_tokenizer,
)
from rl_explain.alignment.prompts import Prompts
from rl_explain.alignment.states import build_states
from rl_explain.alignment.task_context import TaskContext
from rl_explain.alignment.tasks import build_examples
from rl_explain.config import Config
from rl_explain.data.dataset import read_dataset
from rl_explain.data.statistics import statistics_table
from rl_explain.errors import UserError
from rl_explain.evaluation.evaluate import Evaluation
from rl_explain.evaluation.results import merge_metrics, write_samples
from rl_explain.evaluation.summary import markdown_summary, plain_summary
from rl_explain.evaluation.tasks import ASK
from rl_explain.evidence.teacher import Teacher
from rl_explain.lineage import digest
from rl_explain.recommenders.sasrec import SasrecConfig
from rl_explain.recommenders.training import SasrecTraining, train_sasrec
from rl_explain.record import provenance
from rl_explain.run import Run
from rl_explain.training.orpo import train_orpo
from rl_explain.training.pairs import build_pairs, read_pairs
from rl_explain.training.ppo.train import train_ppo
from rl_explain.training.sft import train_sft

Metrics = Mapping[str, float | None]


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
    metrics = train_sasrec(run.interactions, folder, shape, training, run.config.seed, run.device)
    print(statistics_table(metrics))
    return metrics


def tasks(run: Run, folder: Path) -> Metrics:
    """States, banks, and the examples of every later stage."""
    config, seed = run.config, run.config.seed
    data, alignment, rl = config.data, config.alignment, config.training.rl
    states = build_states(
        run.interactions, run.splits, data.max_history, data.max_states, data.states_per_user, seed
    )
    states.save(folder)
    build_banks(run.recommender, states).save(folder)
    catalogue = run.interactions.catalogue
    prompts = Prompts(catalogue, alignment.show_attributes, alignment.verdict)
    context = TaskContext(catalogue, states, run.recommender, prompts)
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
    # What was not trained is not measured.
    measured = [task for task in ASK if alignment.counts.get(task)]
    held_out = {
        "explanation": config.evaluation.cases,
        **dict.fromkeys(measured, config.evaluation.alignment_cases),
    }
    validation = {"explanation": rl.validation_cases}
    form = [alignment.form]
    parts = sft | {
        "rl": build_examples(context, states.train, rl.counts, form, seed + 1),
        "validation": build_examples(context, states.validation, validation, form, seed + 2),
        "test": build_examples(
            context,
            states.test,
            held_out,
            form,
            seed + 3,
            # What ROUGE-L compares with; evaluation reads no other completion of an explanation.
            Teacher(catalogue, alignment.verdict, 0.0, seed + 3),
        ),
    }
    _check_lengths(config, parts["sft_clean"])
    for name, examples in parts.items():
        write_examples(examples, folder / f"{name}.jsonl")
    return {"states": len(states)} | {f"examples/{k}": len(v) for k, v in parts.items()}


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
    limits = {
        "evaluation.max_new_tokens": config.evaluation.max_new_tokens,
        "training.ppo.max_new_tokens": config.training.ppo.max_new_tokens,
    }
    if short := [name for name, limit in limits.items() if limit < needed]:
        wanted = " ".join(f"{name}={needed + needed // 8}" for name in short)
        raise UserError(
            f"{short[0]} is {limits[short[0]]}, and one in a hundred of the teacher's explanations "
            f"takes {needed} tokens or more: set {wanted}."
        )


def sft(run: Run, folder: Path) -> Metrics:
    """Supervised fine-tuning; the folder's name says on which texts."""
    config = run.config
    set_seed(config.seed)
    model, tokenizer = run.base()
    manifest = run.manifest(model)
    tuned = _to_train(run, add_adapter(model, config.model, config.seed))
    examples = read_examples(run.stage_folder("tasks") / f"{folder.name}.jsonl")
    metrics = train_sft(
        tuned, tokenizer, examples, config.training.sft, folder, config.seed, run.device
    )
    manifest.save(folder / "adapter")
    return metrics


def pairs(run: Run, folder: Path) -> Metrics:
    """Sample the SFT model and pair its best and worst explanations."""
    examples = read_examples(run.stage_folder("tasks") / "rl.jsonl")
    explanations = [example for example in examples if example.task == "explanation"]
    return build_pairs(
        run.explainer("sft"),
        explanations,
        run.composite(),
        run.config.training.pairs,
        folder,
        run.config.seed,
    )


def orpo(run: Run, folder: Path) -> Metrics:
    """ORPO from the SFT model on the pairs."""
    tuned, tokenizer = _sft_model(run)
    metrics = train_orpo(
        tuned,
        tokenizer,
        read_pairs(run.stage_folder("pairs")),
        run.config.training.orpo,
        folder,
        run.config.seed,
        run.device,
    )
    Manifest.load(run.stage_folder("sft") / "adapter").save(folder / "adapter")
    return metrics


def ppo(run: Run, folder: Path) -> Metrics:
    """PPO from the SFT model, on the configured reward."""
    tuned, tokenizer = _sft_model(run)
    composite = run.composite()
    metrics = train_ppo(
        tuned,
        tokenizer,
        _prompts(run, tokenizer, "rl"),
        _prompts(run, tokenizer, "validation"),
        composite,
        run.config.training.ppo,
        folder,
        run.config.seed,
        run.device,
    )
    Manifest.load(run.stage_folder("sft") / "adapter").save(folder / "adapter")
    return metrics


def evaluate(run: Run, folder: Path) -> Metrics:
    """Every metric of every method that is there, of the baselines too; print the tables."""
    config = run.config
    settings, seed = config.evaluation, config.seed
    evaluation = Evaluation(
        read_examples(run.stage_folder("tasks") / "test.jsonl"),
        run.interactions,
        run.recommender,
        run.reward_context,
        folder,
        verdict=config.alignment.verdict,
        max_new_tokens=settings.max_new_tokens,
        resamples=settings.bootstrap,
        seed=seed,
    )
    results = {}
    for method in settings.methods:
        if method == "base":
            weights = base_fingerprint(run.base()[0])
        elif (run.stage_folder(method) / "metrics.json").exists():
            weights = digest(run.stage_folder(method) / "adapter")
        else:
            print(f"[evaluate] no {method} in this run: left out", flush=True)
            continue
        results[method] = evaluation.model(method, partial(run.explainer, method), weights)
    for name in settings.baselines:
        results[name] = evaluation.baseline(name)
    if config.alignment.counts.get("retrieval"):
        results["most_frequent_item"] = evaluation.most_frequent_item()
    write_samples(results.values(), folder / "samples.jsonl")
    report = run.folder / "report.md"
    summary = markdown_summary(results, settings.bootstrap, seed)
    made = provenance(run.folder, run.config)
    report.write_text(f"{summary}\n## Made by\n\n{made}\n", encoding="utf-8")
    print(plain_summary(results, settings.bootstrap, seed))
    print(f"The same as Markdown: {report}")
    return merge_metrics(results.values())


def _sft_model(run: Run) -> tuple[PeftModel, PreTrainedTokenizerBase]:
    """The SFT model, trainable: where preference and reinforcement learning start."""
    set_seed(run.config.seed)
    model, tokenizer = run.base()
    adapter = run.stage_folder("sft") / "adapter"
    return _to_train(run, load_adapter(model, adapter, trainable=True)), tokenizer


def _to_train(run: Run, tuned: PeftModel) -> PeftModel:
    """The model on its device, its connectors frozen if the configuration says so."""
    if not run.config.model.train_connectors:
        freeze_connectors(tuned)
    return tuned.to(run.device)


def _prompts(run: Run, tokenizer: PreTrainedTokenizerBase, name: str) -> dict[str, list[Any]]:
    """Examples as columns, with prompts in the model's own format."""
    rows = columns(read_examples(run.stage_folder("tasks") / f"{name}.jsonl"))
    rows["prompt"] = [format_prompt(tokenizer, prompt) for prompt in rows["prompt"]]
    return rows


STAGE_FUNCTIONS: dict[str, Callable[[Run, Path], Metrics]] = {
    "prepare": prepare,
    "recommender": recommender,
    "tasks": tasks,
    "sft": sft,
    "sft_clean": sft,
    "pairs": pairs,
    "ppo": ppo,
    "orpo": orpo,
    "evaluate": evaluate,
}


def run_stages(run: Run, stages: Sequence[str]) -> None:
    """Perform stages in order; finished ones are kept."""
    for stage in stages:
        run.perform(stage, STAGE_FUNCTIONS[stage])
