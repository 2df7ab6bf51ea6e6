"""The target of the demo is worth explaining: a short training leaves popularity far behind."""

import json
from pathlib import Path

from rl_explain import Config
from rl_explain.config.settings import RecommenderConfig
from rl_explain.pipeline.run import Run, run_stages


def test_sasrec_beats_popularity_threefold(tmp_path: Path) -> None:
    short = RecommenderConfig(max_epochs=10)  # a fifth of what the quickstart takes
    config = Config(output_dir=str(tmp_path), device="cpu", recommender=short)
    run_stages(Run(config), ["prepare", "recommender"])
    metrics = json.loads((tmp_path / "recommender" / "metrics.json").read_text())
    assert metrics["ndcg@10"] > 3 * metrics["popularity/ndcg@10"]
