"""Answers and payments on disk."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from reward_models.judge.endpoint.cache import Cache, Spent

WRITER = """
import sys
from pathlib import Path
from reward_models.judge.endpoint.cache import Cache, Spent
cache = Cache(Path(sys.argv[1]), "m at h")
for i in range(200):
    cache.add(f"key {i}", sys.argv[2], "reply")
    cache.charge(Spent(1, 10, 2, 0.5))
"""


def test_answers_are_kept_and_the_first_stays(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "folder" / "c.sqlite", "m at h")
    cache.add("a", "3", '{"rating": 3}')
    cache.add("a", "4", '{"rating": 4}')
    cache.add("b'\"", "first", "")
    cache.close()
    again = Cache(tmp_path / "folder" / "c.sqlite", "m at h")
    assert again.read(["a", "b'\"", "c"]) == {"a": "3", "b'\"": "first"}
    assert again.read([]) == {}


def test_more_keys_than_sqlite_takes_variables(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "c.sqlite", "m at h")
    cache.add("17", "3", "")
    assert cache.read([str(i) for i in range(300_000)]) == {"17": "3"}


def test_spending_adds_up_for_each_judge(tmp_path: Path) -> None:
    one, other = (Cache(tmp_path / "c.sqlite", name) for name in ("one", "other"))
    assert one.spent() == Spent()
    one.charge(Spent(1, 100, 10, 0.5))
    assert one.charge(Spent(1, 50, 5, 0.25)) == Spent(2, 150, 15, 0.75)
    assert other.spent() == Spent()
    one.close()
    assert Cache(tmp_path / "c.sqlite", "one").spent() == Spent(2, 150, 15, 0.75)


def test_several_processes_share_one_file(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    command = [sys.executable, "-c", WRITER, str(path)]
    writers = [subprocess.Popen([*command, answer]) for answer in ("1", "2", "3")]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    cache = Cache(path, "m at h")
    assert cache.spent() == Spent(600, 6000, 1200, 300.0)
    assert len(cache.read([f"key {i}" for i in range(200)])) == 200


def test_another_file_is_an_error_and_stays_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database, but text of some length" * 100)
    with pytest.raises(ValueError, match=r"notes\.txt, which is not a judge's cache"):
        Cache(path, "m at h")
    assert path.read_text().startswith("not a database")


def test_the_file_is_in_write_ahead_mode(tmp_path: Path) -> None:
    Cache(tmp_path / "c.sqlite", "m at h")
    mode = sqlite3.connect(tmp_path / "c.sqlite").execute("PRAGMA journal_mode").fetchone()
    assert mode == ("wal",)
