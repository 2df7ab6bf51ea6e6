"""Proximal policy optimization on `transformers.Trainer`.

PPO (Schulman et al. 2017, arXiv 1707.06347) with a per-token KL penalty to the SFT model (Ziegler
et al. 2019, arXiv 1909.08593). Details follow Huang et al. 2024 (arXiv 2403.17031), except:

- policy and value head share one trunk and one adapter;
- the reward is any function of the text;
- learning rates are constant, so that a longer training repeats a shorter one;
- advantages are whitened in each process by itself.

An epoch of the trainer is an iteration of PPO: its own machinery then logs, saves and resumes at
the borders of iterations.
"""

import json
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import torch
from accelerate.utils import gather_object
from peft import PeftModel
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler
from transformers import (
    PreTrainedTokenizerBase,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)
from transformers.trainer_utils import TrainOutput

from reward_models.composite import Composite, CompositeResult
from reward_models.credit import Credit
from rl_explain.errors import UserError
from rl_explain.explainer.constrained_decoding import PromptTitles, TitleConstraint
from rl_explain.training.arguments import one_device, shared_arguments
from rl_explain.training.logs import LOG_FILE, JsonLinesLog
from rl_explain.training.ppo.credit import token_credits
from rl_explain.training.ppo.experience import build_experience
from rl_explain.training.ppo.kl_controller import KLController
from rl_explain.training.ppo.loader import ExperienceLoader
from rl_explain.training.ppo.losses import (
    clipped_policy_loss,
    clipped_value_loss,
    token_entropy,
    token_log_probs,
)
from rl_explain.training.ppo.prompt_groups import prefix_means, spread
from rl_explain.training.ppo.reference import add_reference
from rl_explain.training.ppo.rollout import Batch, has_ended, policy_inputs, sample
from rl_explain.training.ppo.schedule import draw_prompts, sampling_seed
from rl_explain.training.ppo.settings import PPOSettings
from rl_explain.training.ppo.value_head import PolicyWithValue
from rl_explain.training.ppo.weights import load_weights, save_weights
from rl_explain.training.reward_state import RewardState
from rl_explain.training.sample_log import ITERATION, Rewind, append_samples
from rl_explain.training.scoring import (
    Columns,
    RewardFunction,
    score,
    scored_rows,
    summary,
    take,
    totals,
)
from rl_explain.training.validation import BEST, VALIDATION_SCORE, require_score, validate

SAMPLES_FILE = "samples.jsonl"
KL_FILE = "kl_controller.json"


class PPOTrainer(Trainer):
    """Tunes the adapter `default` of `model` in place.

    Args:
        model: gets a frozen copy of its adapter, named `reference`.
        prompts: columns of the training prompts; all of them go to `reward_fn`.
        validation: columns of the prompts whose greedy answers choose the best iteration.
        reward_fn: scores completions; those without a number leave the update.
        folder: gets `log.jsonl`, `samples.jsonl`, `best/` and `checkpoints/`.
        device: `cpu`, or `cuda` for what `accelerate` finds.
        grammar: holds completions to the titles of the column `question`, if `config` asks for it.

    Raises:
        ValueError: `config.constrained_decoding` without a grammar.
        UserError: no prompts, or sizes that the number of processes does not divide.
    """

    model: PolicyWithValue

    def __init__(
        self,
        model: PeftModel,
        tokenizer: PreTrainedTokenizerBase,
        prompts: Columns,
        validation: Columns,
        reward_fn: RewardFunction,
        config: PPOSettings,
        folder: Path,
        seed: int = 0,
        device: str = "cpu",
        grammar: TitleConstraint | None = None,
    ) -> None:
        _check_columns(prompts, "training")
        _check_columns(validation, "validation")
        if config.constrained_decoding and grammar is None:
            raise ValueError(
                "config.constrained_decoding is true: give a grammar, or set it to false."
            )
        add_reference(model)
        super().__init__(
            model=PolicyWithValue(model, config.temperature, config.samples_per_prompt > 1),
            args=_arguments(config, folder, seed, device),
            processing_class=tokenizer,
            callbacks=[
                JsonLinesLog(folder / LOG_FILE),
                Rewind(folder / SAMPLES_FILE, config.ppo_epochs * config.minibatches),
                IterationFlow(config),
                RewardState(reward_fn),
            ],
        )
        self.remove_callback(PrinterCallback)
        self.loss_is_scaled_for_ga = True
        self.args.gradient_accumulation_steps = _micro_batches(config, self.args.world_size)
        self.tokenizer = tokenizer
        self.prompts, self.validation, self.reward_fn = prompts, validation, reward_fn
        self.config, self.folder = config, folder
        self.grammar = grammar if config.constrained_decoding else None
        self.kl = KLController(config.kl_coef, config.kl_target, config.kl_horizon)
        self._figures: dict[str, float] = {}
        self._losses: dict[str, list[Tensor]] = defaultdict(list)
        self._started = 0.0

    def train(self, resume_from_checkpoint: str | None = None, **kwargs: Any) -> TrainOutput:  # type: ignore[override]
        """Train, from a checkpoint's folder if given, and load the best iteration's weights."""
        self.args.eval_on_start = resume_from_checkpoint is None
        if resume_from_checkpoint is not None:
            path = Path(resume_from_checkpoint) / KL_FILE
            self.kl.coef = json.loads(path.read_text())["coef"]
        output = super().train(resume_from_checkpoint, **kwargs)
        if self.state.best_metric is not None:
            load_weights(self.model, self.folder / BEST)
        return output

    def get_train_dataloader(self) -> ExperienceLoader:  # type: ignore[override]
        """The micro-batches of an iteration."""
        return ExperienceLoader(
            self._collect,
            lambda tokens: self._across_processes({"tokens": tokens})["tokens"],
            self.args.gradient_accumulation_steps,
            self.config,
            self.args.seed,
        )

    def _collect(self, iteration: int) -> Batch:
        """Sample, score and prepare the completions of an iteration, which counts from 0."""
        self._started = time.perf_counter()
        columns = self._draw(iteration)
        batch = self._sample(columns, iteration)
        texts = self._decode(batch)
        sampled = time.perf_counter()
        result = score(self.reward_fn, texts, columns)
        self._figures = self._describe(batch, result)
        self._figures["seconds/sampling"] = sampled - self._started
        self._figures["seconds/reward"] = time.perf_counter() - sampled
        self._write_samples(iteration, columns, texts, result)
        credits = self._credits(texts, result, columns)
        return self._experience(batch, result, credits, iteration)

    def _draw(self, iteration: int) -> Columns:
        """This process's share of the iteration's prompts, one row a completion."""
        rows = draw_prompts(
            len(self.prompts["prompt"]),
            self.config.rollout_batch_size,
            iteration,
            self.args.seed,
        )
        own = rows[self.args.process_index :: self.args.world_size]
        return take(self.prompts, own.repeat(self.config.samples_per_prompt).tolist())

    def _sample(self, columns: Columns, iteration: int) -> Batch:
        with self.accelerator.autocast():
            return sample(
                self.model.base,
                self.tokenizer,
                columns["prompt"],
                max_new_tokens=self.config.max_new_tokens,
                temperature=self.config.temperature,
                batch_size=self.config.generation_batch_size,
                seed=sampling_seed(self.args.seed, iteration, self.args.process_index),
                shared_prompts=self.model.shared_prompts,
                titles=self._titles(columns),
            )

    def _titles(self, columns: Columns) -> PromptTitles | None:
        return self.grammar.of(columns["question"]) if self.grammar else None

    def _decode(self, batch: Batch) -> list[str]:
        pairs = zip(batch["completion_ids"], batch["completion_mask"], strict=True)
        texts = self.tokenizer.batch_decode(
            [ids[mask] for ids, mask in pairs], skip_special_tokens=True
        )
        return [text.strip() for text in texts]

    def _describe(self, batch: Batch, result: CompositeResult) -> dict[str, float]:
        lengths = batch["completion_mask"].sum(1).float()
        return {
            **summary(result),
            "unscored": 1 - len(scored_rows(result)) / len(lengths),
            "eos_rate": has_ended(batch, self.tokenizer.eos_token_id).float().mean().item(),
            "completion_length": lengths.mean().item(),
            "kl_coef": self.kl.coef,
        }

    def _credits(
        self, texts: list[str], result: CompositeResult, columns: Columns
    ) -> list[list[Credit]] | None:
        """What each citation brought, where the reward can tell and it is wanted."""
        if self.config.citation_credit and isinstance(self.reward_fn, Composite):
            return self.reward_fn.credits(texts, result, **columns)
        return None

    def _experience(
        self,
        batch: Batch,
        result: CompositeResult,
        credits: list[list[Credit]] | None,
        iteration: int,
    ) -> Batch:
        """What the scored completions teach; adapts the KL coefficient for the next iteration."""
        rows = scored_rows(result)
        self._check_enough(len(rows), iteration)
        kept = {name: values[rows] for name, values in batch.items()}
        scores = totals(result, rows).to(kept["completion_ids"].device)
        unended = ~has_ended(kept, self.tokenizer.eos_token_id)
        scores = scores - self.config.missing_eos_penalty * unended
        prompts = torch.tensor(rows, device=scores.device) // self.config.samples_per_prompt
        scale = torch.ones_like(scores)
        if self.config.group_scale:
            scale = spread(scores, prompts)
        known = None
        if credits is not None:
            own = [credits[row] for row in rows]
            brought = [sum(credit.value for credit in parts) for parts in own]
            scores = scores - torch.tensor(brought, device=scores.device)
            ids, mask = kept["completion_ids"], kept["completion_mask"]
            known = token_credits(ids, mask, own, self.tokenizer) / scale[:, None]
        scores = scores / scale
        potential = None
        if self.config.prefix_baseline:
            ids, mask = kept["completion_ids"], kept["completion_mask"]
            potential = prefix_means(scores, prompts, ids, mask)
        experience, figures = build_experience(
            self.model, kept, scores, self.kl.coef, self.config, potential, known
        )
        self._figures |= figures
        self.kl.update(self._across_processes(figures)["kl"], self.config.completions_per_iteration)
        return experience

    def _check_enough(self, scored: int, iteration: int) -> None:
        """Every micro-batch needs a completion, in every process."""
        needed = self.config.minibatches * self.args.gradient_accumulation_steps
        if min(gather_object([scored])) < needed:
            raise UserError(
                f"only {scored} completions of iteration {iteration + 1} got a score, and its "
                f"update takes {needed}: see why the reward gave none, then run again; training "
                "resumes at its last checkpoint."
            )

    def compute_loss(
        self,
        model: nn.Module,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Tensor | int | None = None,
    ) -> Tensor:
        """Loss of a micro-batch: its part of the mean over the minibatch's tokens."""
        ids, weights = inputs["completion_ids"], inputs["weights"]
        logits, values = model(**policy_inputs(inputs))
        log_probs = token_log_probs(logits, ids)
        config, old = self.config, inputs["log_probs"]
        policy = clipped_policy_loss(log_probs, old, inputs["advantages"], config.clip_range)
        value = clipped_value_loss(
            values, inputs["values"], inputs["returns"], config.value_clip_range
        )
        loss = policy + config.value_coef * value
        if config.entropy_coef:
            loss = loss - config.entropy_coef * token_entropy(logits)
        log_ratio = (log_probs - old).detach()
        figures = {
            "policy_loss": policy,
            "value_loss": value,
            "clip_fraction": ((log_ratio.exp() - 1).abs() > config.clip_range).float(),
            "update_kl": log_ratio.exp() - 1 - log_ratio,
        }
        for name, tokens in figures.items():
            self._losses[name].append((weights * tokens.detach()).sum())
        return (weights * loss).sum()

    # Optimiser

    def create_optimizer(self, model: nn.Module | None = None) -> Optimizer:
        """Adam with two groups: the adapter and the value head."""
        if self.optimizer is None:
            groups: tuple[list[nn.Parameter], list[nn.Parameter]] = ([], [])
            for name, weight in (self.model if model is None else model).named_parameters():
                if weight.requires_grad:
                    groups["value_head" in name].append(weight)
            kind, options = self.get_optimizer_cls_and_kwargs(self.args)
            rates = (self.args.learning_rate, self.config.value_learning_rate)
            options["weight_decay"] = self.args.weight_decay  # or torch decays by its default
            self.optimizer = kind(
                [{"params": g, "lr": lr} for g, lr in zip(groups, rates, strict=True)], **options
            )
        return self.optimizer

    def create_scheduler(
        self, num_training_steps: int, optimizer: Optimizer | None = None
    ) -> LRScheduler:
        """Constant rates; the adapter's is 0 while the value head warms up."""
        steps = self.config.ppo_epochs * self.config.minibatches
        warmup = self.config.value_warmup_iterations * steps
        self.lr_scheduler = LambdaLR(
            optimizer or self.create_optimizer(),
            [lambda step: float(step >= warmup), lambda step: 1.0],
        )
        self._created_lr_scheduler = True
        return self.lr_scheduler

    # Validation, logs and checkpoints

    def evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:  # type: ignore[override]
        """Score greedy answers to the validation prompts; keep the weights if they are the best."""
        process, processes = self.args.process_index, self.args.world_size
        rows = range(len(self.validation["prompt"]))[process::processes]
        columns = take(self.validation, rows)
        with self.accelerator.autocast():
            metrics = validate(
                self.model.base,
                self.tokenizer,
                columns,
                self.reward_fn,
                max_new_tokens=self.config.max_new_tokens,
                batch_size=self.config.generation_batch_size,
                titles=self._titles(columns),
            )
        metrics = self._across_processes(metrics)
        if not self.state.global_step:
            require_score(metrics)
        self.log(metrics)
        self._keep_if_best(metrics.get(VALIDATION_SCORE, float("-inf")))
        self.control = self.callback_handler.on_evaluate(
            self.args, self.state, self.control, metrics
        )
        return metrics

    def _keep_if_best(self, validation_score: float) -> None:
        best = self.state.best_metric
        if validation_score > (float("-inf") if best is None else best):
            self.state.best_metric = validation_score
            self.state.best_global_step = self.state.global_step
            self.save_model(str(self.folder / BEST), _internal_call=True)

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Add the iteration's figures to what the trainer logs at its end."""
        if self._losses:
            logs |= self._across_processes(self._iteration_figures())
            self._losses.clear()
        logs[ITERATION] = round(self.state.epoch or 0)
        super().log(logs, start_time)

    def _iteration_figures(self) -> dict[str, float]:
        """Means over the iteration's update steps, and its throughput."""
        steps = self.config.ppo_epochs * self.config.minibatches
        losses = {k: torch.stack(v).sum().item() / steps for k, v in self._losses.items()}
        seconds = time.perf_counter() - self._started
        tokens = self._figures["completion_length"] * self.config.completions_per_iteration
        speed = {"seconds/iteration": seconds, "tokens_per_second": tokens / seconds}
        return self._figures | losses | speed

    def _write_samples(
        self, iteration: int, columns: Columns, texts: list[str], result: CompositeResult
    ) -> None:
        if self.is_world_process_zero():
            append_samples(
                self.folder / SAMPLES_FILE,
                iteration + 1,
                columns["prompt"],
                texts,
                result,
                self.config.samples_logged,
            )

    def _across_processes(self, figures: dict[str, float]) -> dict[str, float]:
        """The mean of each figure over the processes that have it."""
        parts = gather_object([figures])
        found = {name: [p[name] for p in parts if name in p] for p in parts for name in p}
        return {name: sum(values) / len(values) for name, values in found.items()}

    def _save(self, output_dir: str | None = None, state_dict: dict | None = None) -> None:
        if self.args.should_save:
            folder = Path(output_dir or str(self.args.output_dir))
            save_weights(self.model, folder, state_dict)
            (folder / KL_FILE).write_text(json.dumps({"coef": self.kl.coef}))

    def _load_from_checkpoint(
        self, resume_from_checkpoint: str, model: nn.Module | None = None
    ) -> None:
        load_weights(self.model, Path(resume_from_checkpoint))


class IterationFlow(TrainerCallback):
    """Evaluates and saves every so many iterations, and after the last."""

    def __init__(self, config: PPOSettings) -> None:
        self.config = config

    def on_epoch_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        iteration = round(state.epoch or 0)
        last = iteration == self.config.iterations
        control.should_evaluate = last or iteration % self.config.eval_every == 0
        control.should_save = last or iteration % self.config.save_every == 0


def _arguments(config: PPOSettings, folder: Path, seed: int, device: str) -> TrainingArguments:
    shared = shared_arguments(folder, config.micro_batch_size, config.learning_rate, seed, device)
    own = {
        "num_train_epochs": config.iterations,
        "max_grad_norm": config.max_grad_norm,
        "logging_strategy": "epoch",
        "save_strategy": "no",  # IterationFlow decides
    }
    return one_device(TrainingArguments(**shared | own))


def _micro_batches(config: PPOSettings, processes: int) -> int:
    """Forward passes of an optimiser step in each process."""
    if config.rollout_batch_size % processes:
        raise UserError(
            f"training.ppo.rollout_batch_size is {config.rollout_batch_size}: give a multiple of "
            f"the {processes} processes."
        )
    count, rest = divmod(config.minibatch_size, config.micro_batch_size * processes)
    if rest:
        raise UserError(
            f"training.ppo.minibatch_size is {config.minibatch_size}: with {processes} processes "
            f"give a multiple of {config.micro_batch_size * processes}."
        )
    return count


def _check_columns(columns: Columns, kind: str) -> None:
    lengths = {name: len(values) for name, values in columns.items()}
    if not lengths.get("prompt") or len(set(lengths.values())) > 1:
        raise UserError(
            f"the {kind} columns hold {lengths} rows: give at least one prompt, and each column as "
            "many values."
        )
