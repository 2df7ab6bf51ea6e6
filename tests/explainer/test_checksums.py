"""Folders that are written whole, known by their sums, and never written over what is not ours."""

import subprocess
from pathlib import Path

import pytest

from rl_explain.errors import UserError
from rl_explain.explainer.checksums import FILE, replacing, verify_checksums


def write(folder: Path, **texts: str) -> None:
    with replacing(folder) as new:
        for name, text in texts.items():
            (new / "deep").mkdir(exist_ok=True)
            (new / "deep" / name).write_text(text)


def test_sums_are_those_of_sha256sum(tmp_path: Path) -> None:
    write(tmp_path / "out", a="one", b="two")
    verify_checksums(tmp_path / "out")
    command = ["sha256sum", "--check", "--strict", FILE]
    found = subprocess.run(command, cwd=tmp_path / "out", capture_output=True, text=True)
    assert found.stdout == "deep/a: OK\ndeep/b: OK\n" and found.returncode == 0


def test_an_earlier_export_is_replaced_whole(tmp_path: Path) -> None:
    write(tmp_path / "out", a="one", b="two")
    write(tmp_path / "out", b="three")
    assert {p.name for p in (tmp_path / "out").rglob("*")} == {FILE, "deep", "b"}
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_a_failure_leaves_the_earlier_export(tmp_path: Path) -> None:
    write(tmp_path / "out", a="one")
    with pytest.raises(OSError), replacing(tmp_path / "out") as new:
        (new / "half").write_text("")
        raise OSError
    verify_checksums(tmp_path / "out")
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_what_no_export_wrote_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years")
    with pytest.raises(UserError, match=r"contains thesis\.txt, which no export wrote"):
        write(tmp_path, a="one")
    with pytest.raises(UserError, match="is a file"):
        write(tmp_path / "thesis.txt", a="one")
    write(tmp_path / "out", a="one")
    (tmp_path / "out" / "deep" / "notes").write_text("mine")
    with pytest.raises(UserError, match=r"contains deep/notes"):
        write(tmp_path / "out", a="two")
    assert (tmp_path / "out" / "deep" / "a").read_text() == "one"


def test_an_empty_folder_will_do(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    write(tmp_path / "out", a="one")
    verify_checksums(tmp_path / "out")


def test_damage_is_named(tmp_path: Path) -> None:
    write(tmp_path, a="one")
    (tmp_path / "deep" / "a").write_text("two")
    with pytest.raises(UserError, match=r"deep/a is not what was exported"):
        verify_checksums(tmp_path)
    (tmp_path / FILE).write_text("nonsense\n")
    with pytest.raises(UserError, match=r"SHA256SUMS cannot be read"):
        verify_checksums(tmp_path)
