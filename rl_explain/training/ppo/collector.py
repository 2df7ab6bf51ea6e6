"""Samples and scores an iteration's completions and prepares them for the update."""

import time
from collections.abc import Sequence
from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.utils import gather_object
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from reward_models.composite import CompositeResult
from rl_explain.errors import UserError
from rl_explain.explainer.constrained_decoding import PromptTitles, TitleConstraint
from rl_explain.explainer.generation import decode
from rl_explain.training.logs import SAMPLES_FILE, append_samples
from rl_explain.training.ppo.credit import credit_totals, token_credits
from rl_explain.training.ppo.experience import build_experience
from rl_explain.training.ppo.kl_controller import KLController
from rl_explain.training.ppo.learning_signal import learning_signal
from rl_explain.training.ppo.rollout import Batch, has_ended, sample
from rl_explain.training.ppo.schedule import draw_prompts, sampling_seed
from rl_explain.training.ppo.settings import PPOSettings
from rl_explain.training.ppo.value_head import PolicyWithValue
from rl_explain.training.reward_protocol import RewardFunction, optional
from rl_explain.training.scoring import Columns, score, scored_rows, summary, take, totals


class Collector:
    """Maps the number of an iteration, counted from 0, to the experience for its update.

    Args:
        prompts: columns of the training prompts.
        kl: adapted after each iteration.
        micro_batches: forward passes per optimiser step.
        constraint: constrains completions to the titles of the column `question`.

    Attributes:
        figures: the last iteration's figures for the log.
        started: start of the last iteration, by `time.perf_counter`.
    """

    def __init__(
        self,
        model: PolicyWithValue,
        tokenizer: PreTrainedTokenizerBase,
        prompts: Columns,
        reward_fn: RewardFunction,
        config: PPOSettings,
        folder: Path,
        seed: int,
        accelerator: Accelerator,
        kl: KLController,
        micro_batches: int,
        constraint: TitleConstraint | None,
    ) -> None:
        self.model, self.tokenizer, self.prompts = model, tokenizer, prompts
        self.reward_fn, self.config, self.folder, self.seed = reward_fn, config, folder, seed
        self.accelerator, self.kl, self.micro_batches = accelerator, kl, micro_batches
        self.constraint = constraint
        self.figures: dict[str, float] = {}
        self.started = 0.0

    def __call__(self, iteration: int) -> Batch:
        """Sample, score and prepare; adapt the KL coefficient for the next iteration.

        Raises:
            UserError: too few completions got a score.
        """
        self.started = time.perf_counter()
        columns = self.draw(iteration)
        batch = self.sample(columns, iteration)
        texts = [str(text) for text in decode(self.tokenizer, batch["completion_ids"])]
        sampled = time.perf_counter()
        result = score(self.reward_fn, texts, columns)
        self.figures = self._describe(batch, result) | {
            "seconds/sampling": sampled - self.started,
            "seconds/reward": time.perf_counter() - sampled,
        }
        self._write_samples(iteration, columns["prompt"], texts, result)
        rows = scored_rows(result)
        self._check_enough(len(rows), iteration)
        return self._prepare(batch, rows, texts, result, columns)

    def draw(self, iteration: int) -> Columns:
        """This process's share of the iteration's prompts, one row per completion."""
        rows = draw_prompts(
            len(self.prompts["prompt"]), self.config.rollout_batch_size, iteration, self.seed
        )
        own = rows[self.accelerator.process_index :: self.accelerator.num_processes]
        return take(self.prompts, own.repeat(self.config.samples_per_prompt).tolist())

    def sample(self, columns: Columns, iteration: int) -> Batch:
        """One completion per row."""
        with self.accelerator.autocast():
            return sample(
                self.model.base,
                self.tokenizer,
                columns["prompt"],
                max_new_tokens=self.config.max_new_tokens,
                temperature=self.config.temperature,
                batch_size=self.config.generation_batch_size,
                seed=sampling_seed(self.seed, iteration, self.accelerator.process_index),
                shared_prompts=self.model.shared_prompts,
                titles=self.titles(columns),
            )

    def titles(self, columns: Columns) -> PromptTitles | None:
        """The titles that completions of these prompts may quote; `None` for no constraint."""
        return self.constraint.of(columns["question"]) if self.constraint else None

    def _describe(self, batch: Batch, result: CompositeResult) -> dict[str, float]:
        lengths = batch["completion_mask"].sum(1).float()
        return {
            **summary(result),
            "unscored": 1 - len(scored_rows(result)) / len(lengths),
            "eos_rate": has_ended(batch, self.tokenizer.eos_token_id).float().mean().item(),
            "completion_length": lengths.mean().item(),
            "kl_coef": self.kl.coef,
        }

    def _write_samples(
        self, iteration: int, prompts: Sequence[str], texts: list[str], result: CompositeResult
    ) -> None:
        if self.accelerator.is_main_process:
            path, count = self.folder / SAMPLES_FILE, self.config.samples_logged
            append_samples(path, iteration + 1, prompts, texts, result, count)

    def _check_enough(self, scored: int, iteration: int) -> None:
        """Check that every micro-batch of every process gets a completion."""
        needed = self.config.minibatches * self.micro_batches
        if min(gather_object([scored])) < needed:
            raise UserError(
                f"only {scored} completions of iteration {iteration + 1} got a score, but its "
                f"update needs {needed}: find out why the reward gave none, then run again; "
                "training resumes from its last checkpoint."
            )

    def _prepare(
        self,
        batch: Batch,
        rows: list[int],
        texts: list[str],
        result: CompositeResult,
        columns: Columns,
    ) -> Batch:
        """The experience from the completions in `rows`."""
        kept = {name: values[rows] for name, values in batch.items()}
        ids, mask = kept["completion_ids"], kept["completion_mask"]
        signal = learning_signal(
            totals(result, rows).to(ids.device),
            has_ended(kept, self.tokenizer.eos_token_id),
            torch.tensor(rows, device=ids.device) // self.config.samples_per_prompt,
            ids,
            mask,
            missing_eos_penalty=self.config.missing_eos_penalty,
            group_scale=self.config.group_scale,
            prefix_baseline=self.config.prefix_baseline,
            **self._credits(ids, mask, rows, texts, result, columns),
        )
        experience, figures = build_experience(self.model, kept, signal, self.kl.coef, self.config)
        self.figures |= figures
        self.kl.update(mean_over_processes(figures)["kl"], self.config.completions_per_iteration)
        return experience

    def _credits(
        self,
        ids: Tensor,
        mask: Tensor,
        rows: list[int],
        texts: list[str],
        result: CompositeResult,
        columns: Columns,
    ) -> dict[str, Tensor]:
        """The credits of citations, if the reward offers them and the settings use them."""
        credits = optional(self.reward_fn, "credits")
        if not self.config.citation_credit or credits is None:
            return {}
        every = credits(texts, result, **columns)
        own = [every[row] for row in rows]
        return {
            "credit_totals": credit_totals(own).to(ids.device),
            "token_credits": token_credits(ids, mask, own, self.tokenizer),
        }


def mean_over_processes(figures: dict[str, float]) -> dict[str, float]:
    """The mean of each figure over the processes that have it."""
    parts = gather_object([figures])
    found = {name: [p[name] for p in parts if name in p] for p in parts for name in p}
    return {name: sum(values) / len(values) for name, values in found.items()}
