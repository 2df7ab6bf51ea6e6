"""What a stage was made from, by content."""

from pathlib import Path

import pytest

from rl_explain import Config
from rl_explain.errors import UserError
from rl_explain.files import digest
from rl_explain.pipeline.run import Run


def test_a_digest_reads_results_by_content_and_no_protocols(tmp_path: Path) -> None:
    (tmp_path / "adapter_model.safetensors").write_bytes(b"one")
    (tmp_path / "README.md").write_text("words")
    (tmp_path / "metrics.json").write_text("{}")
    first = digest(tmp_path)
    (tmp_path / "README.md").write_text("other words")
    (tmp_path / "metrics.json").write_text('{"seconds": 1}')
    assert digest(tmp_path) == first
    (tmp_path / "adapter_model.safetensors").write_bytes(b"two")
    assert digest(tmp_path) != first


def test_a_stage_asked_for_too_early_names_all_that_come_before(tmp_path: Path) -> None:
    run = Run(Config(output_dir=str(tmp_path)))
    with pytest.raises(UserError, match="ppo needs prepare, recommender, tasks, sft"):
        run.perform("ppo")
    for stage in ("prepare", "recommender"):
        (tmp_path / stage).mkdir()
        (tmp_path / stage / "metrics.json").write_text("{}")
    with pytest.raises(UserError, match="evaluate needs tasks"):
        run.perform("evaluate")
    assert not (tmp_path / "ppo").exists()


def test_a_study_in_place_of_a_run_names_its_runs(tmp_path: Path) -> None:
    (tmp_path / "demo" / "seed_0").mkdir(parents=True)
    (tmp_path / "demo" / "seed_0" / "config.yaml").write_text("")
    with pytest.raises(
        UserError, match=f"is a study: give one of its runs: {tmp_path}/demo/seed_0"
    ):
        Run.open(tmp_path)
