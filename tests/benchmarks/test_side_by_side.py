"""The page that shows the same questions as several methods explain them."""

import runpy
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks/side_by_side.py"
main = runpy.run_path(str(SCRIPT))["main"]


def test_each_question_once_a_method(archived: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(archived), "--methods", "sft", "ppo", "--cases", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    asked = [line for line in lines if "), history: " in line]
    assert len(asked) == len(set(asked)) == 2
    for method, count in (("sft", 2), ("ppo", 2), ("random", 0)):
        assert sum(line.startswith(f"- {method} (faithfulness score ") for line in lines) == count


def test_an_ill_posed_question_has_a_dash(
    archived: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main([str(archived), "--methods", "sft", "--cases", "40"])
    scores = {line for line in capsys.readouterr().out.splitlines() if line.startswith("- sft")}
    assert "- sft (faithfulness score –): sft on 1" in scores
    assert "- sft (faithfulness score +0.50): sft on 0" in scores


def test_a_method_without_texts_is_named(
    archived: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(archived), "--methods", "sft", "grpo"]) == 1
    said = capsys.readouterr().err
    assert "has texts of sft, grpo" in said and "ppo" in said and "Traceback" not in said
