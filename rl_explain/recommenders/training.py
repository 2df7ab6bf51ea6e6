"""Train SASRec on next-item prediction with early stopping; freeze the best epoch."""

import json
import time
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from rl_explain.data.interactions import Interactions
from rl_explain.errors import UserError
from rl_explain.progress import track
from rl_explain.recommenders.frozen import FrozenRecommender
from rl_explain.recommenders.histories import training_windows
from rl_explain.recommenders.next_item import next_item_result, popularity
from rl_explain.recommenders.sasrec import Sasrec, SasrecConfig

METRIC = "ndcg@10"


@dataclass(frozen=True)
class SasrecTraining:
    """Optimizer and stopping settings."""

    learning_rate: float  # of AdamW
    weight_decay: float  # decoupled, on every weight
    batch_size: int  # windows of max_history items per step
    max_epochs: int  # passes over the training steps
    patience: int  # epochs without a better validation NDCG@10 before stopping


def train_sasrec(
    interactions: Interactions,
    folder: str | Path,
    config: SasrecConfig,
    training: SasrecTraining,
    seed: int,
    device: str = "cpu",
) -> dict[str, float]:
    """Train on every user, save the best epoch's recommender to `folder`, return flat metrics.

    Of a user's sequence s, s[:-2] is for training; predicting s[-2] from s[:-2] chooses the epoch;
    predicting s[-1] from s[:-1] is the test, run once. `folder` also gets `log.jsonl`, one line per
    epoch.

    Returns:
        `epochs`, `best_epoch`, `seconds`, the validation NDCG@10 and `final_metrics`.

    Raises:
        UserError: there is no step to train on, or training diverges.
    """
    start = time.monotonic()
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    cuda = [torch.device(device)] if torch.device(device).type == "cuda" else []
    with torch.random.fork_rng(devices=cuda), (folder / "log.jsonl").open("w") as log:
        torch.manual_seed(seed)
        best: dict[str, float] = {METRIC: -1.0}
        model = Sasrec(config).to(device)
        for recommender, record in _epochs(model, interactions, training, seed):
            log.write(json.dumps(record) + "\n")
            log.flush()
            if record[METRIC] > best[METRIC]:
                best, chosen = record, recommender
            if record["epoch"] - best["epoch"] >= training.patience:
                break
    chosen.save(folder)
    metrics = {"epochs": record["epoch"], "best_epoch": best["epoch"]}
    metrics |= {f"validation/{METRIC}": best[METRIC]} | final_metrics(chosen, interactions)
    return metrics | {"seconds": round(time.monotonic() - start, 1)}


def _epochs(
    model: Sasrec, interactions: Interactions, training: SasrecTraining, seed: int
) -> Iterator[tuple[FrozenRecommender, dict[str, float]]]:
    """After each epoch: a frozen copy, and the epoch's loss (nats) and validation NDCG@10."""
    rng = np.random.default_rng(seed)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=training.learning_rate, weight_decay=training.weight_decay
    )
    train = [sequence[:-2] for sequence in interactions.sequences]
    target = [sequence[-2] for sequence in interactions.sequences]
    for epoch in track(range(1, training.max_epochs + 1), "recommender"):
        inputs, targets = training_windows(train, model.config.max_history, rng)
        loss = _one_epoch(model, optimizer, inputs, targets, training.batch_size, rng)
        recommender = FrozenRecommender(deepcopy(model), interactions.catalogue.fingerprint)
        validation = next_item_result(recommender.score, train, target).metrics()
        record = {"epoch": epoch, "loss": loss, METRIC: validation[METRIC]}
        yield recommender, record


def _one_epoch(
    model: Sasrec,
    optimizer: torch.optim.Optimizer,
    inputs: np.ndarray,
    targets: np.ndarray,
    batch_size: int,
    rng: np.random.Generator,
) -> float:
    """Train one pass over the windows in random order; return the mean loss."""
    if not len(inputs):
        raise UserError("no user has four or more items, so there is no step to train on")
    model.train()
    device = model.positions.device
    losses = []
    for rows in torch.from_numpy(rng.permutation(len(inputs))).split(batch_size):
        loss = model.loss(
            torch.from_numpy(inputs)[rows].to(device), torch.from_numpy(targets)[rows].to(device)
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    # NaN scores would rank every target first, so stop before validation.
    if not np.isfinite(losses).all():
        raise UserError("the recommender's loss is no longer finite; lower its learning_rate")
    return float(np.mean(losses))


def final_metrics(recommender: FrozenRecommender, interactions: Interactions) -> dict[str, float]:
    """Test metrics (`NextItemResult.metrics`) of the recommender and, as `popularity/...`, of the
    popularity baseline."""
    known = [sequence[:-1] for sequence in interactions.sequences]
    target = [sequence[-1] for sequence in interactions.sequences]
    train = [sequence[:-2] for sequence in interactions.sequences]
    baseline = popularity(train, recommender.num_items)
    own = next_item_result(recommender.score, known, target).metrics()
    popular = next_item_result(baseline, known, target).metrics()
    return own | {f"popularity/{name}": value for name, value in popular.items()}
