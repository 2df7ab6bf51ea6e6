"""What an evaluation reuses is keyed by everything that shapes it, and by nothing else."""

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import rl_explain
from rl_explain import Config, files
from rl_explain.config.validation import validated
from rl_explain.evaluation.evaluate import SHAPING
from rl_explain.files import code_digest
from rl_explain.pipeline.run import Run
from rl_explain.pipeline.sampling import reward_fingerprint

CODE = (
    '"""Doc."""\n\nLIMIT = 3\n"""Of things."""\n\n\ndef f(x: int) -> int:\n    return x + LIMIT\n'
)


def package(folder: Path, code: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A package whose only file holds `code`."""
    files._tree.cache_clear()
    (folder / "some_package").mkdir(parents=True)
    (folder / "some_package" / "__init__.py").write_text(code)
    monkeypatch.syspath_prepend(folder)
    sys.modules.pop("some_package", None)
    return import_module("some_package")


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ("LIMIT = 3", "LIMIT = 3  # three", True),
        ('"""Doc."""', '"""Another docstring."""', True),
        ('"""Of things."""', '"""Of other things."""', True),
        ("    return x + LIMIT", "    return (x + LIMIT)", True),
        ("LIMIT = 3", "LIMIT = 4", False),
        ("x + LIMIT", "x - LIMIT", False),
    ],
)
def test_comments_and_docstrings_invalidate_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str, after: str, same: bool
) -> None:
    old = code_digest(package(tmp_path / "old", CODE, monkeypatch))
    new = code_digest(package(tmp_path / "new", CODE.replace(before, after), monkeypatch))
    assert (old == new) is same


@pytest.mark.parametrize(
    ("path", "shapes"),
    [
        ("teacher/writer.py", True),
        ("teacher/frames.py", True),
        ("explainer/generation.py", True),
        ("evaluation/baselines.py", True),
        ("tasks/prompts.py", True),
        ("tables/table.py", False),
        ("report/page.py", False),
    ],
)
def test_code_that_shapes_results_invalidates_them(
    monkeypatch: pytest.MonkeyPatch, path: str, shapes: bool
) -> None:
    changed = Path(rl_explain.__file__).parent / path
    assert changed.is_file()
    before, tree = code_digest(*SHAPING), files._tree

    def with_a_change(file: Path) -> str:
        return tree(file) + ("changed" if file == changed else "")

    monkeypatch.setattr(files, "_tree", with_a_change)
    assert (code_digest(*SHAPING) != before) is shapes


class Fingerprinted:
    def __init__(self, fingerprint: str) -> None:
        self.fingerprint = fingerprint


def fingerprint(monkeypatch: pytest.MonkeyPatch, recommender: str = "a", **groups: Any) -> str:
    """Of the reward of a run with these settings."""
    run = Run(validated(Config, {"device": "cpu", **groups}))
    monkeypatch.setattr(Run, "rewarding_recommender", Fingerprinted(recommender))
    monkeypatch.setattr(Run, "interactions", Fingerprinted("data"))
    return reward_fingerprint(run)


@pytest.mark.parametrize(
    "rewards",
    [
        {"weights": {"faithfulness": 1.0}},
        {"clip": {"faithfulness": 0.5}},
        {"length_band": [10, 20]},
        {"normalisation": {"faithfulness": "batch"}},
        {"schedule": {"faithfulness": [[0, 1], [1, 2]]}},
        {"recommender": "runs/another"},
    ],
)
def test_best_of_n_depends_on_the_whole_reward(
    monkeypatch: pytest.MonkeyPatch, rewards: dict[str, Any]
) -> None:
    assert fingerprint(monkeypatch, rewards=rewards) != fingerprint(monkeypatch)


def test_best_of_n_depends_on_judge_and_recommender(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = fingerprint(monkeypatch)
    assert fingerprint(monkeypatch) == plain
    assert fingerprint(monkeypatch, judge={"kind": "plausibility"}) != plain
    assert fingerprint(monkeypatch, recommender="b") != plain
