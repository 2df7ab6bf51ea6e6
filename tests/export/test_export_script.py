"""`scripts/export_adapter.py`, as a pipeline calls it."""

import hashlib
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from rl_explain.explainer.explainer import Explainer

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))
from export_adapter import main


@pytest.fixture(scope="module")
def study(make_run: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs, one with a method whose training has not finished."""
    folder = tmp_path_factory.mktemp("studies") / "study"
    make_run(folder / "films" / "seed_0", ("sft", "ppo"))
    shutil.copytree(folder / "films" / "seed_0", folder / "films" / "seed_1")
    (folder / "films" / "seed_1" / "ppo" / "metrics.json").unlink()
    (folder / "report.md").write_text("")
    return folder


def test_every_adapter_of_a_study(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(study), str(tmp_path / "out")]) == 0
    told = capsys.readouterr()
    answer = json.loads(told.out)
    expected = ["films/seed_0/ppo", "films/seed_0/sft", "films/seed_1/sft"]
    assert [e["folder"] for e in answer["exported"]] == [
        str(tmp_path / "out" / e) for e in expected
    ]
    assert answer["failed"] == [] and "films/seed_0, ppo" in told.err
    for exported in answer["exported"]:
        folder = Path(exported["folder"])
        sums = (folder / "SHA256SUMS").read_bytes()
        assert exported["checksum"] == hashlib.sha256(sums).hexdigest()
        assert sorted(exported["files"])[0] == "README.md"
        assert exported["bytes"] == sum((folder / n).stat().st_size for n in exported["files"])
        facts = json.loads((folder / "export.json").read_text())
        assert {name: exported[name] for name in facts} == facts
        assert (
            Explainer.from_pretrained(folder).manifest.recommender
            == (exported["fingerprints"]["recommender"])
        )


def test_one_that_fails_does_not_sink_the_others(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    foreign = tmp_path / "out" / "films" / "seed_0" / "sft"
    foreign.mkdir(parents=True)
    (foreign / "notes.txt").write_text("mine")
    assert main([str(study), str(tmp_path / "out"), "--method", "sft"]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert [e["folder"] for e in answer["exported"]] == [
        str(tmp_path / "out" / "films" / "seed_1" / "sft")
    ]
    assert "notes.txt, which no export wrote" in answer["failed"][0]["error"]


def test_a_run_goes_straight_into_the_folder(
    run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(run_folder), str(tmp_path / "out"), "--merge"]) == 0
    [exported] = json.loads(capsys.readouterr().out)["exported"]
    assert (exported["form"], exported["method"]) == ("merged", "ppo")
    assert exported["same_texts"] == "7 of 7"
    assert (tmp_path / "out" / "model.safetensors").is_file()


@pytest.mark.parametrize(
    ("folder", "method", "message"),
    [
        ("nowhere", "sft", "no run in"),
        ("films", "dpo", "no finished adapter of dpo"),
        ("films", "best_of_n", "unknown method"),
    ],
)
def test_mistakes_leave_stdout_empty(
    study: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    folder: str,
    method: str,
    message: str,
) -> None:
    assert main([str(study / folder), str(tmp_path / "out"), "--method", method]) == 2
    told = capsys.readouterr()
    assert told.out == "" and message in told.err
    assert not (tmp_path / "out").exists()
