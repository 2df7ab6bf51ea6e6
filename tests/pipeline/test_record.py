"""What a run's folder says of how it was made, and when it refuses to go on."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rl_explain import Config
from rl_explain.config.validation import validated
from rl_explain.errors import UserError
from rl_explain.pipeline import kept_settings, record
from rl_explain.pipeline.run import Run, run_stages
from rl_explain.pipeline.table import STAGES


def make_config(folder: Path, **groups: Mapping[str, object]) -> Config:
    demo = {"num_users": 60, "k_core": 2}
    return validated(Config, {"output_dir": str(folder), "device": "cpu", "data": demo, **groups})


def test_settings_of_every_earlier_stage_must_be_the_same(tmp_path: Path) -> None:
    (tmp_path / "tasks").mkdir()
    kept_settings.keep_settings(tmp_path, "tasks", make_config(tmp_path))
    kept_settings.check_settings(tmp_path, make_config(tmp_path))
    for group, name, value in (
        ("teacher", "corruption_rate", 0.0),
        ("training", "rl", {"validation_cases": 3}),
    ):
        changed = make_config(tmp_path, **{group: {name: value}})
        with pytest.raises(UserError, match=f"tasks was made with other values of .*{name}"):
            kept_settings.check_settings(tmp_path, changed)


def test_settings_that_change_no_result_may_change(tmp_path: Path) -> None:
    (tmp_path / "ppo").mkdir()
    kept_settings.keep_settings(tmp_path, "ppo", make_config(tmp_path))
    changed = make_config(
        tmp_path, training={"ppo": {"micro_batch_size": 8}}, evaluation={"bootstrap": 5, "cases": 7}
    )
    kept_settings.check_settings(tmp_path, changed)


def test_the_judge_matters_where_it_is_weighed(tmp_path: Path) -> None:
    (tmp_path / "ppo").mkdir()
    other = {"kind": "plausibility"}
    kept_settings.keep_settings(tmp_path, "ppo", make_config(tmp_path))
    kept_settings.check_settings(tmp_path, make_config(tmp_path, judge=other))
    scheduled = {"schedule": {"judge": [[0, 1], [1, 1]]}}
    for weighed in ({"weights": {"judge": 1.0, "faithfulness": 1.0}}, scheduled):
        kept_settings.keep_settings(tmp_path, "ppo", make_config(tmp_path, rewards=weighed))
        kept_settings.check_settings(
            tmp_path, make_config(tmp_path, rewards=weighed, judge={"cache": "elsewhere.sqlite"})
        )
        with pytest.raises(UserError, match=r"ppo was made with other values of judge\.kind"):
            kept_settings.check_settings(
                tmp_path, make_config(tmp_path, rewards=weighed, judge=other)
            )


@pytest.mark.parametrize(
    "rewards",
    [
        {"weights": {"judge": 1.0, "agreement": 1.0}},
        {"weights": {"agreement": 1.0}, "schedule": {"judge": [[0, 1], [1, 1]]}},
    ],
)
def test_the_configured_judge_rewards(tmp_path: Path, rewards: dict[str, Any]) -> None:
    config = make_config(tmp_path, rewards=rewards, recommender={"max_epochs": 1})
    run_stages(Run(config), ["prepare", "recommender"])
    case: dict[str, Any] = {
        "task": ["explanation"] * 2,
        "history": [(0, 1, 2)] * 2,
        "item": [3] * 2,
        "label": ["yes"] * 2,
    }
    scores = Run(config).composite()(["No.", "Yes."], **case).terms["judge"]
    assert scores == [0.0, pytest.approx(1 / 3)]  # wrong verdict, and right without reasons


def test_a_setting_newer_than_the_folder_had_its_default_there(tmp_path: Path) -> None:
    (tmp_path / "ppo").mkdir()
    kept_settings.keep_settings(tmp_path, "ppo", make_config(tmp_path))
    path = tmp_path / "ppo" / kept_settings.FILE
    old = json.loads(path.read_text())
    del old["training.ppo"]["citation_credit"], old["rewards"]["clip"]
    path.write_text(json.dumps(old))
    kept_settings.check_settings(tmp_path, make_config(tmp_path))
    changed = make_config(tmp_path, training={"ppo": {"citation_credit": False}})
    with pytest.raises(UserError, match=r"other values of .*citation_credit"):
        kept_settings.check_settings(tmp_path, changed)


def test_a_mended_mistake_can_be_tried_again(tmp_path: Path) -> None:
    config = make_config(tmp_path)
    wrong = replace(config, data=replace(config.data, format="movielens", path="/nowhere"))
    with pytest.raises(UserError, match="nowhere"):
        Run(wrong).perform("prepare")
    assert not (tmp_path / "prepare").exists()
    Run(config).perform("prepare")
    assert (tmp_path / "prepare" / "metrics.json").exists()


def test_seconds_of_an_interrupted_stage_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = make_config(tmp_path)
    Run(config).perform("prepare")

    def interrupted(run: Run, folder: Path) -> Mapping[str, float | None]:
        (folder / "half").touch()
        raise KeyboardInterrupt

    row = replace(STAGES["recommender"], function=interrupted)
    monkeypatch.setitem(STAGES, "recommender", row)
    with pytest.raises(KeyboardInterrupt):
        Run(config).perform("recommender")
    record.add_to_record(tmp_path, "recommender", 5.0, config, "cpu", afresh=False)
    seconds = record.read_record(tmp_path)["wall_seconds"]["recommender"]
    record.add_to_record(tmp_path, "recommender", 5.0, config, "cpu", afresh=False)
    assert record.read_record(tmp_path)["wall_seconds"]["recommender"] == seconds + 5.0
    record.add_to_record(tmp_path, "recommender", 5.0, config, "cpu", afresh=True)
    assert record.read_record(tmp_path)["wall_seconds"]["recommender"] == 5.0


def test_record_names_the_commit_and_that_files_differ_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "checkout"
    (source / "rl_explain").mkdir(parents=True)
    code = source / "rl_explain" / "__init__.py"
    code.write_text("one")
    monkeypatch.setattr("rl_explain.__file__", str(code))
    assert record.source_commit() is None

    def git(*words: str) -> str:
        identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
        command = ["git", *identity, *words]
        return subprocess.run(command, cwd=source, capture_output=True, text=True).stdout.strip()

    git("init")
    git("add", ".")
    git("commit", "-m", "one")
    head = git("rev-parse", "HEAD")
    assert record.source_commit() == head
    code.write_text("two")
    assert record.source_commit() == f"{head}-dirty"
    monkeypatch.setattr("rl_explain.__file__", str(source / "lib" / "rl_explain" / "__init__.py"))
    assert record.source_commit() is None  # installed inside the checkout of something else


def test_a_launcher_with_several_processes_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(UserError, match="WORLD_SIZE is 2"):
        Run(make_config(tmp_path))
