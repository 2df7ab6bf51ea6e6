"""Proximal policy optimization on `transformers.Trainer`.

PPO (Schulman et al. 2017, arXiv 1707.06347) with a per-token KL penalty to the SFT model (Ziegler
et al. 2019, arXiv 1909.08593). Details follow Huang et al. 2024 (arXiv 2403.17031), except:

- policy and value head share one trunk and one adapter;
- the reward is any function of the text;
- learning rates are constant, so that a longer training starts with the steps of a shorter one;
- each process whitens its own advantages.

A trainer epoch is a PPO iteration, so the trainer itself logs, saves and resumes between
iterations. `Collector` prepares an iteration's experience, `ExperienceLoader` splits it into
micro-batches, and `compute_loss` is their loss.
"""

import json
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler
from transformers import (
    PreTrainedTokenizerBase,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)
from transformers.trainer_utils import TrainOutput

from rl_explain.errors import UserError
from rl_explain.explainer.constrained_decoding import TitleConstraint
from rl_explain.training.arguments import shared_arguments
from rl_explain.training.logs import ITERATION, LOG_FILE, SAMPLES_FILE, JsonLinesLog, Rewind
from rl_explain.training.ppo.collector import Collector, mean_over_processes
from rl_explain.training.ppo.kl_controller import KLController
from rl_explain.training.ppo.loader import ExperienceLoader
from rl_explain.training.ppo.losses import (
    clipped_policy_loss,
    clipped_value_loss,
    token_entropy,
    token_log_probs,
)
from rl_explain.training.ppo.optimiser import two_rates, value_warmup
from rl_explain.training.ppo.reference import add_reference
from rl_explain.training.ppo.rollout import policy_inputs
from rl_explain.training.ppo.settings import PPOSettings
from rl_explain.training.ppo.value_head import PolicyWithValue, load_weights, save_weights
from rl_explain.training.reward_protocol import RewardFunction, RewardState
from rl_explain.training.scoring import Columns, take
from rl_explain.training.trl_compat import one_device
from rl_explain.training.validation import BestWeights, require_score, validate

KL_FILE = "kl_controller.json"


class PPOTrainer(Trainer):
    """Tunes the adapter `default` of `model` in place.

    Args:
        model: gets a frozen copy of its adapter, named `reference`.
        prompts: columns of the training prompts; `reward_fn` gets all of them.
        validation: columns of the prompts whose greedy answers select the best iteration.
        reward_fn: scores completions; those without a number are left out of the update.
        folder: gets `log.jsonl`, `samples.jsonl`, `best/` and `checkpoints/`.
        device: `cpu`, or `cuda` for the device that `accelerate` finds.
        constraint: constrains completions to the titles of the column `question`, if `config` asks
            for it.

    Raises:
        ValueError: `config.constrained_decoding` is true, but `constraint` is missing.
        UserError: there are no prompts, or the processes cannot share the batch sizes equally.
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
        constraint: TitleConstraint | None = None,
    ) -> None:
        _check_columns(prompts, "training")
        _check_columns(validation, "validation")
        if config.constrained_decoding and constraint is None:
            raise ValueError(
                "config.constrained_decoding is true: give a constraint, or set it to false."
            )
        add_reference(model)
        super().__init__(
            model=PolicyWithValue(model, config.temperature, config.samples_per_prompt > 1),
            args=_arguments(config, folder, seed, device),
            processing_class=tokenizer,
            callbacks=[
                JsonLinesLog(folder / LOG_FILE),
                Rewind(folder / SAMPLES_FILE, config.steps_per_iteration),
                IterationFlow(config),
                RewardState(reward_fn),
            ],
        )
        self.loss_is_scaled_for_ga = True
        self.args.gradient_accumulation_steps = _micro_batches(config, self.args.world_size)
        self.tokenizer, self.validation, self.reward_fn = tokenizer, validation, reward_fn
        self.config, self.folder = config, folder
        self.kl = KLController(config.kl_coef, config.kl_target, config.kl_horizon)
        self.collector = Collector(
            self.model,
            tokenizer,
            prompts,
            reward_fn,
            config,
            folder,
            seed,
            self.accelerator,
            self.kl,
            self.args.gradient_accumulation_steps,
            constraint if config.constrained_decoding else None,
        )
        self.best = BestWeights(
            folder,
            save=lambda best: self.save_model(str(best), _internal_call=True),
            load=lambda best: load_weights(self.model, best),
        )
        self._losses: dict[str, list[Tensor]] = defaultdict(list)

    def train(self, resume_from_checkpoint: str | None = None, **kwargs: Any) -> TrainOutput:  # type: ignore[override]
        """Train, from a checkpoint's folder if given, and load the best iteration's weights."""
        self.args.eval_on_start = resume_from_checkpoint is None
        if resume_from_checkpoint is not None:
            path = Path(resume_from_checkpoint) / KL_FILE
            self.kl.coef = json.loads(path.read_text())["coef"]
        output = super().train(resume_from_checkpoint, **kwargs)
        self.best.restore(self.state)
        return output

    def get_train_dataloader(self) -> ExperienceLoader:  # type: ignore[override]
        """The micro-batches of an iteration."""
        return ExperienceLoader(
            self.collector,
            lambda tokens: mean_over_processes({"tokens": tokens})["tokens"],
            self.args.gradient_accumulation_steps,
            self.config,
            self.args.seed,
        )

    def compute_loss(
        self,
        model: nn.Module,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Tensor | int | None = None,
    ) -> Tensor:
        """Loss of a micro-batch: its share of the mean over the minibatch's tokens."""
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

    def create_optimizer(self, model: nn.Module | None = None) -> Optimizer:
        """Adam, with one learning rate for the adapter and one for the value head."""
        if self.optimizer is None:
            kind, options = self.get_optimizer_cls_and_kwargs(self.args)
            options["weight_decay"] = self.args.weight_decay  # torch's default is not 0
            rates = (self.args.learning_rate, self.config.value_learning_rate)
            whole = self.model if model is None else model
            self.optimizer = two_rates(whole, kind, options, *rates)
        return self.optimizer

    def create_scheduler(
        self, num_training_steps: int, optimizer: Optimizer | None = None
    ) -> LRScheduler:
        """Constant rates, after the value head's warm-up."""
        steps = self.config.value_warmup_iterations * self.config.steps_per_iteration
        self.lr_scheduler = value_warmup(optimizer or self.create_optimizer(), steps)
        self._created_lr_scheduler = True
        return self.lr_scheduler

    # Validation, logs and checkpoints

    def evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:  # type: ignore[override]
        """Score greedy answers to the validation prompts; keep the weights if they score best."""
        metrics = mean_over_processes(self._validate())
        if not self.state.global_step:
            require_score(metrics)
        self.log(metrics)
        self.best.offer(self.state, metrics)
        self.control = self.callback_handler.on_evaluate(
            self.args, self.state, self.control, metrics
        )
        return metrics

    def _validate(self) -> dict[str, float]:
        """Metrics of this process's share of the validation prompts."""
        process, processes = self.args.process_index, self.args.world_size
        rows = range(len(self.validation["prompt"]))[process::processes]
        columns = take(self.validation, rows)
        with self.accelerator.autocast():
            return validate(
                self.model.base,
                self.tokenizer,
                columns,
                self.reward_fn,
                max_new_tokens=self.config.max_new_tokens,
                batch_size=self.config.generation_batch_size,
                titles=self.collector.titles(columns),
            )

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Log; at the end of an iteration, include its figures."""
        if self._losses:
            logs |= mean_over_processes(self._iteration_figures())
            self._losses.clear()
        logs[ITERATION] = round(self.state.epoch or 0)
        super().log(logs, start_time)

    def _iteration_figures(self) -> dict[str, float]:
        """Means over the iteration's update steps, and its throughput."""
        steps = self.config.steps_per_iteration
        losses = {k: torch.stack(v).sum().item() / steps for k, v in self._losses.items()}
        figures = self.collector.figures
        seconds = time.perf_counter() - self.collector.started
        tokens = figures["completion_length"] * self.config.completions_per_iteration
        speed = {"seconds/iteration": seconds, "tokens_per_second": tokens / seconds}
        return figures | losses | speed

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
    """Evaluates every `eval_every` iterations, saves every `save_every`, and both at the end."""

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
    """Forward passes per optimiser step in each process."""
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
            f"the {kind} columns have {lengths} rows: give at least one prompt, and columns of "
            "equal length."
        )
