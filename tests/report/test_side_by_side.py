"""The page that shows the same cases as several methods explain them."""

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "benchmarks/side_by_side.py"


def page(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, SCRIPT, folder, *arguments], capture_output=True, text=True, check=False
    )


def test_each_case_once_a_method(run: Path) -> None:
    found = page(run, "--methods", "sft", "ppo", "--cases", "2", "--seed", "3")
    assert found.returncode == 0, found.stderr
    lines = found.stdout.splitlines()
    cases = [line for line in lines if " (the recommender says " in line]
    assert len(cases) == len(set(cases)) == 2
    for method, count in (("sft", 2), ("ppo", 2), ("orpo", 0)):
        assert sum(line.startswith(f"- {method} (") for line in lines) == count
    assert (
        page(run, "--methods", "sft", "ppo", "--cases", "2", "--seed", "3").stdout == found.stdout
    )


def test_a_method_without_results_is_named(run: Path) -> None:
    found = page(run, "--methods", "sft", "grpo")
    assert found.returncode == 1
    assert "--methods: grpo has no results in" in found.stderr and "orpo" in found.stderr
    assert "Traceback" not in found.stderr
