"""Settings, files and Python on the pages exist, and examples run."""

import ast
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from doc_pages import DOCS, PAGES, README, ROOT, blocks, inline_code, name

from rl_explain import Config
from rl_explain.studies.study import Ablation, load_study

SETTING = re.compile(
    r"(?:data|recommender|model|tasks|teacher|rewards|judge|judge_check|training|evaluation)"
    r"(?:\.[a-z_]+)+"
)
ABLATION = re.compile(r"ablation\.([a-z_]+)")
FOLDERS = ("configs/", "scripts/", "benchmarks/", "tools/", "reward_models/", "rl_explain/")
ENDINGS = (".py", ".yaml", ".md", ".json", ".jsonl", ".sqlite")


def has_setting(key: str) -> bool:
    """Whether a configuration has `group.key`; dictionaries, like reward weights, take any key."""
    found: Any = Config()
    for part in key.split("."):
        if isinstance(found, dict):
            return True
        if not hasattr(found, part):
            return False
        found = getattr(found, part)
    return True


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_settings_exist(page: Path) -> None:
    for code in inline_code(page):
        key = code.partition("=")[0]
        if SETTING.fullmatch(key) and not key.endswith(ENDINGS):
            assert has_setting(key), f"{page.name}: {code}"
        if (match := ABLATION.fullmatch(key)) and not key.endswith(ENDINGS):
            assert hasattr(Ablation(), match[1]), f"{page.name}: {code}"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_files_exist(page: Path) -> None:
    for code in inline_code(page):
        path = code.split()[1] if code.startswith("python ") else code
        if path.startswith(FOLDERS) and re.fullmatch(r"[\w./-]+", path):
            assert (ROOT / path).exists(), f"{page.name}: {code}"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_python_can_be_read_and_its_imports_exist(page: Path) -> None:
    for block in blocks(page, "python"):
        imports = [
            node
            for node in ast.walk(ast.parse(block))
            if isinstance(node, ast.Import | ast.ImportFrom)
        ]
        exec(compile(ast.Module(imports, []), name(page), "exec"), {})


def run(page: Path) -> dict[str, Any]:
    """Every Python block that needs no export, in one namespace."""
    names: dict[str, Any] = {}
    for block in blocks(page, "python"):
        if "from_pretrained" not in block:
            exec(compile(block, name(page), "exec"), names)
    return names


def test_rewards_alone_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert "reward" in run(README)
    right, wrong = ast.literal_eval(capsys.readouterr().out)
    assert right > wrong


def test_python_of_own_data_runs() -> None:
    assert "scores" in run(DOCS / "own_data.md")


@pytest.mark.parametrize("block", blocks(DOCS / "studies.md", "yaml"))
def test_studies_can_be_loaded(block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    needed = {"output_dir": "runs/mine", "configs": {"films": "configs/movielens.yaml"}}
    path = tmp_path / "study.yaml"
    path.write_text(yaml.safe_dump({**needed, **yaml.safe_load(block)}))
    assert load_study(path).configs == needed["configs"]


def test_wrong_names_are_found() -> None:
    assert has_setting("training.ppo.temperature")
    assert has_setting("rewards.weights.judge")
    assert not has_setting("alignment.noise")
    assert not has_setting("training.ppo.temprature")
