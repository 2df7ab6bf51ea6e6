"""Settings are read without any library that trains."""

import subprocess
import sys
from pathlib import Path

import pytest

import rl_explain.training

HEAVY = ("torch", "transformers", "trl", "peft", "datasets", "accelerate")
ROOM = Path(rl_explain.training.__path__[0])
FILES = sorted(ROOM.rglob("*settings.py"))


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(ROOM)) for path in FILES])
def test_settings_import_nothing_heavy(path: Path) -> None:
    name = ".".join(["rl_explain.training", *path.relative_to(ROOM).with_suffix("").parts])
    code = f"import sys, {name}; print([m for m in {HEAVY} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_every_training_has_its_settings_beside_it() -> None:
    files = {path.relative_to(ROOM).as_posix() for path in FILES}
    beside = {f"{name}_settings.py" for name in ("sft", "pairs", "preference", "groups")}
    assert files == beside | {"learned_judge_settings.py", "online_settings.py", "ppo/settings.py"}
    assert all((ROOM / file.replace("_settings", "")).is_file() for file in beside)
