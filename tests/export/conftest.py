"""A run's folder as its stages leave it, made without training: random weights throughout."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from rl_explain import Config
from rl_explain.config.reader import to_yaml
from rl_explain.config.settings import ModelConfig
from rl_explain.data.catalogue import Catalogue
from rl_explain.data.interactions import Interactions
from rl_explain.evaluation.results import Result, merge_metrics
from rl_explain.explainer.embedding_tables import build_embedding_tables
from rl_explain.explainer.explainer import Manifest
from rl_explain.explainer.language_model import (
    add_adapter,
    base_fingerprint,
    load_base,
    save_adapter,
)
from rl_explain.pipeline.record import add_to_record
from rl_explain.recommenders.frozen import FrozenRecommender
from rl_explain.recommenders.sasrec import Sasrec, SasrecConfig
from rl_explain.tasks.user_histories import UserHistories, UserHistory

ITEMS, USERS, MAX_HISTORY = 12, 6, 5
METRICS = {
    "faithfulness/score": 0.61,
    "faithfulness/score/ci_low": 0.52,
    "faithfulness/score/ci_high": 0.7,
}


@pytest.fixture(scope="session")
def make_run(random_base: Path) -> Callable[..., Path]:
    """Writes a run into a folder: `sft`, and any other methods, moved away from each other."""

    def make(
        folder: Path,
        methods: tuple[str, ...] = ("sft", "ppo"),
        base: str = str(random_base),
        dtype: str = "float32",
    ) -> Path:
        generator = torch.Generator().manual_seed(5)
        config = Config(output_dir=str(folder), model=ModelConfig(base, dtype))
        config.data.max_history, config.threads = MAX_HISTORY, torch.get_num_threads()
        config.evaluation.max_new_tokens = 12
        interactions = _interactions()
        interactions.save(folder / "prepare")
        with torch.random.fork_rng():
            torch.manual_seed(2)
            shape = SasrecConfig(ITEMS, dim=8, layers=1, heads=1, max_history=MAX_HISTORY)
            recommender = FrozenRecommender(Sasrec(shape), interactions.catalogue.fingerprint)
        recommender.save(folder / "recommender")
        (folder / "tasks").mkdir()
        histories = [sequence[:-1][-MAX_HISTORY:] for sequence in interactions.sequences]
        states = UserHistories(
            tuple(map(UserHistory, range(USERS), histories)), (0, 1, 2), (3,), (4, 5)
        )
        states.save(folder / "tasks")
        tables = build_embedding_tables(recommender, histories, MAX_HISTORY)
        tables.save(folder / "tasks")
        for method in methods:
            model, _ = load_base(
                config.model.name, config.model.dtype, tables.item_table, tables.user_table
            )
            manifest = Manifest(
                config.model.name,
                base_fingerprint(model),
                config.model.dtype,
                recommender.fingerprint,
                interactions.catalogue.fingerprint,
                "hybrid",
                "first",
                True,
                config.evaluation.max_new_tokens,
            )
            tuned = add_adapter(model, ModelConfig(lora_rank=4), seed=0)
            for weight in tuned.parameters():
                if weight.requires_grad:
                    weight.data += 0.1 * torch.randn(weight.shape, generator=generator)
            (folder / method / "adapter").mkdir(parents=True)
            save_adapter(tuned, folder / method / "adapter")
            manifest.save(folder / method / "adapter")
        results = [Result(m, "", METRICS, {}, []) for m in (*methods, "random", "oracle")]
        for result in results:
            result.save(folder / "evaluate")
        stages = {
            "prepare": {"users": USERS, "items": ITEMS, "interactions": 39, "density": 0.5},
            "recommender": {"ndcg@10": 0.25, "popularity/ndcg@10": 0.125, "top_items": 7},
            "tasks": {"states": USERS},
            **{method: {"seconds": 1.0} for method in methods},
            "evaluate": merge_metrics(results),
        }
        for stage, metrics in stages.items():
            (folder / stage / "metrics.json").write_text(json.dumps(metrics))
            add_to_record(folder, stage, 1.0, config, "cpu", True, data_fingerprint="d" * 64)
        (folder / "config.yaml").write_text(to_yaml(config))
        return folder

    return make


def _interactions() -> Interactions:
    rng = np.random.default_rng(0)
    words = ("Copper Lantern", "Iron Tide", "Amber Gate")
    titles = tuple(f"{words[row % 3]} {row}" for row in range(ITEMS))
    attributes = tuple({"genre": (("noir", "mystery")[row % 2],)} for row in range(ITEMS))
    rows = tuple(map(str, range(ITEMS)))
    lengths = [4 + user % 4 for user in range(USERS)]
    sequences = tuple(tuple(rng.permutation(ITEMS)[:n].tolist()) for n in lengths)
    users = tuple(f"reader-{user}" for user in range(USERS))
    return Interactions(Catalogue(rows, titles, attributes), users, sequences)


@pytest.fixture(scope="session")
def run_folder(make_run: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("small") / "run")
