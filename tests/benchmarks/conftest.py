"""A small archive of two data sets."""

from pathlib import Path

import pytest
from archived_values import NOTE, result

from rl_explain.studies.archive import Archive, write_archive


@pytest.fixture
def archived(tmp_path: Path) -> Path:
    gains = {
        "demo": {
            0: {"sft": 0.0, "ppo": 0.2, "random": 0.0},
            1: {"sft": 0.1, "ppo": 0.4, "best_of_n": 0.5},
            2: {"sft": 0.0},
        },
        "films": {0: {"sft": 0.1, "random": -0.2}},
    }
    results = {
        data: {s: {m: result(m, s, gain) for m, gain in of.items()} for s, of in seeds.items()}
        for data, seeds in gains.items()
    }
    entry = {"costs": {}, "validation": {"ppo": [[0, 0.1, 0.25], [4, 0.2, 0.5]]}}
    runs = {f"{data}/seed_{seed}": entry for data, seeds in gains.items() for seed in seeds}
    settings = {name: {"device": "cpu"} for name in runs}
    kept = Archive(results, settings, runs, notes={"best_of_n": NOTE})
    write_archive(kept, tmp_path / "archive")
    return tmp_path / "archive"
