"""`judge-check` and `judge-train` from the command line, on a run without an explainer."""

import json
from pathlib import Path

import numpy as np
import pytest

from rl_explain import Config
from rl_explain.cli import main
from rl_explain.config.settings import JudgeConfig
from rl_explain.config.validation import validated
from rl_explain.errors import UserError
from rl_explain.pipeline.configuration import load_config
from rl_explain.pipeline.judge_stages import asked_afresh, judge_name

SMALL = (
    *("data.format=csv", "data.interactions=log.csv", "data.items=items.csv", "data.k_core=2"),
    *("recommender.max_epochs=20", "recommender.dim=16", "recommender.batch_size=64"),
    *("judge_check.questions=60", "device=cpu", "threads=1"),
)
THEMES = ("seafaring", "culinary", "magical", "haunted")


def write_data(folder: Path) -> None:
    """Forty items of four themes, and users who choose by one of them."""
    rng = np.random.default_rng(0)
    items = [f"{i},Title {chr(65 + i % 26)}{i},{THEMES[i % 4]}" for i in range(40)]
    (folder / "items.csv").write_text("\n".join(["item_id,title,theme", *items]) + "\n")
    log = [
        f"{user},{int(item)},{time}"
        for user in range(300)
        for time, item in enumerate(
            [*rng.permutation(np.arange(user % 4, 40, 4))[:7], *rng.choice(40, 2)]
        )
    ]
    (folder / "log.csv").write_text("\n".join(["user_id,item_id,timestamp", *log]) + "\n")


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A configuration, and the folder in which two judges were checked."""
    folder = tmp_path_factory.mktemp("judges")
    write_data(folder)
    config = folder / "config.yaml"
    config.write_text(f"output_dir: {folder / 'run'}\ndata: {{path: {folder}}}\n")
    for kind in ("rubric", "plausibility"):
        assert main(["judge-check", str(config), f"judge.kind={kind}", *SMALL]) == 0
    return config, folder / "run"


def test_both_judges_leave_reports_and_figures(checked: tuple[Path, Path]) -> None:
    _, run = checked
    metrics = json.loads((run / "metrics.json").read_text())
    for kind in ("rubric", "plausibility"):
        page = (run / "judge-check" / f"{kind}.html").read_text()
        assert f"Judge validation: {kind}" in page and page.count("<table>") == 4
        assert "## Made by" in (run / "judge-check" / f"{kind}.md").read_text()
        assert metrics[f"judge-check/{kind}/unanswered"] == 0
    accuracy = [metrics[f"judge-check/{kind}/accuracy"] for kind in ("rubric", "plausibility")]
    assert accuracy[0] > 0.9 > 0.6 > accuracy[1]


def test_a_report_names_the_command_that_made_it(
    checked: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    config, run = checked
    for kind in ("rubric", "plausibility"):
        command = ["judge-check", str(config), f"judge.kind={kind}", *SMALL]
        monkeypatch.setattr("sys.argv", ["/bin/rl-explain", *command])
        assert main(command) == 0
    for kind in ("rubric", "plausibility"):
        report = (run / "judge-check" / f"{kind}.md").read_text()
        assert f"- command: `rl-explain judge-check {config} judge.kind={kind} " in report


def test_a_learned_judge_is_trained_and_checked(
    checked: tuple[Path, Path], random_base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config, run = checked
    small = [f"model.name={random_base}", "model.lora_rank=2", *SMALL]
    learned = [str(config), "judge.kind=learned", *small]
    assert main(["judge-check", *learned]) == 2
    assert "run `rl-explain judge-train` first" in capsys.readouterr().err
    few = ["training.judge.questions=100", "training.judge.epochs=1"]
    assert main(["judge-train", str(config), *few, *small]) == 0
    assert main(["judge-check", *learned, *few]) == 0
    assert "Judge validation: learned" in (run / "judge-check" / "learned.md").read_text()
    metrics = json.loads((run / "metrics.json").read_text())
    assert 0 <= metrics["judge-train/held_out_accuracy"] <= 1


def test_judges_are_told_apart_by_name() -> None:
    endpoint = {"kind": "endpoint", "endpoint": {"model": "Org/Model 2"}}
    named = judge_of({"kind": "ensemble", "members": [endpoint, {"kind": "rubric"}]})
    assert judge_name(named) == "ensemble-endpoint-Org-Model-2-rubric"
    assert judge_name(judge_of({"kind": "rubric", "length": "batch"})) == "rubric-batch"


def test_asked_again_no_judge_remembers(tmp_path: Path) -> None:
    endpoint = {"kind": "endpoint", "endpoint": {"model": "m"}, "cache": "kept.sqlite"}
    ensemble = judge_of({"kind": "ensemble", "members": [endpoint, {"kind": "rubric"}]})
    afresh = asked_afresh(ensemble, tmp_path)
    assert {Path(member.cache or "").parent for member in afresh.members} == {tmp_path}
    assert ensemble.members[0].cache == "kept.sqlite"


def judge_of(judge: dict[str, object]) -> JudgeConfig:
    found: Config = validated(Config, {"judge": judge})
    return found.judge


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("judge_check.questions=0", r"judge_check\.questions is 0"),
        ("training.judge.teacher=lerned", r"unknown training\.judge\.teacher 'lerned'"),
        ("training.judge.tie=-1", r"training\.judge\.tie is -1"),
        ("training.judge.pairs=0", r"training\.judge\.pairs is 0"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, override: str, message: str) -> None:
    (tmp_path / "config.yaml").write_text("seed: 0")
    with pytest.raises(UserError, match=message):
        load_config(tmp_path / "config.yaml", [override])
