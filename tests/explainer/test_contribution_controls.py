"""benchmarks/contribution_controls.py changes contributions alone, and only within a history."""

import importlib.util
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch

PATH = Path(__file__).parents[2] / "benchmarks/contribution_controls.py"


def shown(how: str) -> tuple[torch.Tensor, torch.Tensor]:
    """The table before and after, (histories, 1 + places, dim); the second history is short."""
    spec = importlib.util.spec_from_file_location("contribution_controls", PATH)
    assert spec and spec.loader
    script: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    before = torch.randn(2, 6, 3, generator=torch.Generator().manual_seed(0))
    before[1, 4:] = 0
    rows = before.flatten(0, 1).clone()
    embedding = SimpleNamespace(user_table=rows)
    script.show(
        SimpleNamespace(model=SimpleNamespace(get_input_embeddings=lambda: embedding)), 5, how, 1
    )
    return before, rows.unflatten(0, (2, 6))


def test_as_they_are_changes_nothing() -> None:
    before, after = shown("as they are")
    assert torch.equal(before, after)


def test_permuted_keeps_the_vectors_of_each_history_and_its_end() -> None:
    before, after = shown("permuted")
    assert torch.equal(before[:, 0], after[:, 0])  # user embeddings
    assert not torch.equal(before, after)
    assert torch.equal(before.sort(dim=1).values, after.sort(dim=1).values)
    assert not after[1, 4:].any()


def test_zeroed_leaves_user_embeddings() -> None:
    before, after = shown("zeroed")
    assert torch.equal(before[:, 0], after[:, 0])
    assert not after[:, 1:].any()
