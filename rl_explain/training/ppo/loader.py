"""The data loader of an iteration: samples once, then yields micro-batches epoch by epoch."""

from collections.abc import Callable, Iterator

import numpy as np
import torch

from rl_explain.training.ppo.rollout import Batch, rows_by_length, select
from rl_explain.training.ppo.schedule import draw_minibatches
from rl_explain.training.ppo.settings import PPOSettings


class ExperienceLoader:
    """Data loader for one epoch of `transformers.Trainer`, which is one PPO iteration.

    Args:
        collect: maps the number of an iteration, counted from 0, to its experience.
        count_tokens: maps the token count of this process's minibatch to the mean over processes.
        micro_batches: forward passes per optimiser step.
    """

    def __init__(
        self,
        collect: Callable[[int], Batch],
        count_tokens: Callable[[int], float],
        micro_batches: int,
        config: PPOSettings,
        seed: int,
    ) -> None:
        self.collect = collect
        self.count_tokens = count_tokens
        self.micro_batches = micro_batches
        self.config = config
        self.seed = seed
        self.iteration = 0

    def set_epoch(self, epoch: int) -> None:
        """Called by the trainer before it iterates."""
        self.iteration = epoch

    def __len__(self) -> int:
        return self.config.steps_per_iteration * self.micro_batches

    def __iter__(self) -> Iterator[Batch]:
        """Micro-batches with `weights` (B, C) that sum to 1 over a minibatch.

        A loss summed with these weights is the mean over the minibatch's tokens, however it is
        split into micro-batches and processes.
        """
        experience = self.collect(self.iteration)
        num_rows = len(experience["completion_ids"])
        for epoch in range(self.config.ppo_epochs):
            for rows in draw_minibatches(
                num_rows, self.config.minibatches, self.iteration, epoch, self.seed
            ):
                yield from self._cut(experience, rows)

    def _cut(self, experience: Batch, rows: np.ndarray) -> Iterator[Batch]:
        minibatch = select(experience, torch.from_numpy(rows))
        tokens = self.count_tokens(int(minibatch["completion_mask"].sum()))
        for part in rows_by_length(minibatch).tensor_split(self.micro_batches):
            micro_batch = select(minibatch, part)
            yield micro_batch | {"weights": micro_batch["completion_mask"] / tokens}
