"""The target of the demo is worth explaining: a short training leaves popularity far behind."""

from pathlib import Path

from rl_explain.config import RecommenderConfig
from rl_explain.data.dataset import read_dataset
from rl_explain.recommenders.sasrec import SasrecConfig
from rl_explain.recommenders.training import SasrecTraining, train_sasrec

EPOCHS = 10
"""A fifth of what the quickstart takes."""


def test_sasrec_beats_popularity_threefold(tmp_path: Path) -> None:
    demo, _ = read_dataset("demo", seed=0, k_core=5)
    chosen = RecommenderConfig()
    shape = SasrecConfig(
        num_items=len(demo.catalogue),
        max_history=10,
        dim=chosen.dim,
        layers=chosen.layers,
        heads=chosen.heads,
        dropout=chosen.dropout,
    )
    training = SasrecTraining(
        learning_rate=chosen.learning_rate,
        weight_decay=chosen.weight_decay,
        batch_size=chosen.batch_size,
        max_epochs=EPOCHS,
        patience=EPOCHS,
    )
    metrics = train_sasrec(demo, tmp_path, shape, training, seed=0)
    assert metrics["ndcg@10"] > 3 * metrics["popularity/ndcg@10"]
