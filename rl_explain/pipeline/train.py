"""The training stages: supervised fine-tuning, and the methods that start from it."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from peft import PeftModel
from transformers import PreTrainedTokenizerBase, set_seed

from rl_explain.explainer.explainer import Manifest
from rl_explain.explainer.generation import format_prompt
from rl_explain.explainer.language_model import (
    add_adapter,
    freeze_connectors,
    load_adapter,
    load_tokenizer,
    title_constraint,
)
from rl_explain.pipeline.run import Metrics, Run
from rl_explain.pipeline.sampling import scored_samples
from rl_explain.tasks.examples import Example, columns, read_examples, relabelled
from rl_explain.training.groups import train_groups
from rl_explain.training.logs import LOG_FILE, sampled_tokens
from rl_explain.training.pairs import build_pairs, read_pairs
from rl_explain.training.ppo.train import train_ppo
from rl_explain.training.preference import train_dpo, train_orpo
from rl_explain.training.rejection import best_samples
from rl_explain.training.sft import train_sft


def sft(run: Run, folder: Path) -> Metrics:
    """Supervised fine-tuning on the examples named like the folder: `sft` or `sft_clean`."""
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
    """Sample the SFT model; pair the best and worst explanation of each prompt."""
    settings = run.config.training.pairs
    examples = _explanations(run)[: settings.prompts]
    samples, result = scored_samples(
        run,
        folder,
        examples,
        settings.samples,
        temperature=settings.temperature,
        description="pairs",
        constrained=settings.constrained_decoding,
    )
    tokenizer = load_tokenizer(run.config.model.name)
    prompts = [format_prompt(tokenizer, example.prompt) for example in examples]
    return build_pairs(samples, result, examples, prompts, settings, folder)


def rejection(run: Run, folder: Path) -> Metrics:
    """Supervised fine-tuning from the SFT model on its best samples."""
    examples = best_samples(run.stage_folder("pairs"), _explanations(run))
    settings, seed = run.config.training.rejection, run.config.seed
    return tune_from_sft(
        run,
        folder,
        lambda model, tokenizer: train_sft(
            model, tokenizer, examples, settings, folder, seed, run.device
        ),
    )


def orpo(run: Run, folder: Path) -> Metrics:
    """ORPO from the SFT model on the pairs."""
    return _on_pairs(run, folder, partial(train_orpo, settings=run.config.training.orpo))


def dpo(run: Run, folder: Path) -> Metrics:
    """DPO from the SFT model on the pairs."""
    return _on_pairs(run, folder, partial(train_dpo, settings=run.config.training.dpo))


def ppo(run: Run, folder: Path) -> Metrics:
    """PPO from the SFT model, on the configured reward."""

    def train(model: PeftModel, *arguments: Any, **options: Any) -> dict[str, float]:
        if run.config.training.ppo.constrained_decoding:
            options["constraint"] = title_constraint(model, run.config.model.name)
        return train_ppo(model, *arguments, **options)

    return _online(run, folder, partial(train, config=run.config.training.ppo))


def grpo(run: Run, folder: Path) -> Metrics:
    """GRPO from the SFT model, on the configured reward."""
    return _online(run, folder, partial(train_groups, settings=run.config.training.grpo))


def rloo(run: Run, folder: Path) -> Metrics:
    """RLOO from the SFT model, on the configured reward."""
    return _online(run, folder, partial(train_groups, settings=run.config.training.rloo))


def _on_pairs(run: Run, folder: Path, train: Callable[..., dict[str, float]]) -> Metrics:
    pairs = read_pairs(run.stage_folder("pairs"))

    def tune(model: PeftModel, tokenizer: PreTrainedTokenizerBase) -> Metrics:
        return train(
            model, tokenizer, pairs, folder=folder, seed=run.config.seed, device=run.device
        )

    return tune_from_sft(run, folder, tune)


def _online(run: Run, folder: Path, train: Callable[..., dict[str, float]]) -> Metrics:
    def tune(model: PeftModel, tokenizer: PreTrainedTokenizerBase) -> Metrics:
        metrics = train(
            model,
            tokenizer,
            _prompts(run, tokenizer, "rl"),
            _prompts(run, tokenizer, "validation"),
            run.composite(),
            folder=folder,
            seed=run.config.seed,
            device=run.device,
        )
        return metrics | {"tokens": sampled_tokens(folder / LOG_FILE, metrics)}

    return tune_from_sft(run, folder, tune)


def tune_from_sft(
    run: Run, folder: Path, tune: Callable[[PeftModel, PreTrainedTokenizerBase], Metrics]
) -> Metrics:
    """Load the SFT model as trainable and tune it; the adapter gets the SFT model's manifest."""
    set_seed(run.config.seed)
    model, tokenizer = run.base()
    adapter = run.stage_folder("sft") / "adapter"
    metrics = tune(_to_train(run, load_adapter(model, adapter, trainable=True)), tokenizer)
    Manifest.load(adapter).save(folder / "adapter")
    return metrics


def _explanations(run: Run) -> list[Example]:
    """The explanation questions for reinforcement learning and preference pairs."""
    examples = read_examples(run.stage_folder("tasks") / "rl.jsonl")
    return [example for example in examples if example.task == "explanation"]


def _to_train(run: Run, tuned: PeftModel) -> PeftModel:
    """Move the model to its device; freeze its connectors if so configured."""
    if not run.config.model.train_connectors:
        freeze_connectors(tuned)
    return tuned.to(run.device)


def _prompts(run: Run, tokenizer: PreTrainedTokenizerBase, name: str) -> dict[str, list[Any]]:
    """Examples as columns, with prompts in the model's chat format."""
    examples = read_examples(run.stage_folder("tasks") / f"{name}.jsonl")
    if run.config.rewards.recommender is not None:
        examples = relabelled(examples, run.rewarding_recommender)
    rows = columns(examples)
    rows["question"] = rows["prompt"]
    rows["prompt"] = [format_prompt(tokenizer, prompt) for prompt in rows["question"]]
    return rows
