"""GRPO and RLOO from end to end: what learns, what must not, and what an interruption changes."""

import json
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from trl import GRPOTrainer

from reward_models.types import FAILED, Score
from rl_explain.errors import UserError
from rl_explain.explainer.language_model import ADAPTER_FILE
from rl_explain.training import groups
from rl_explain.training.groups import train_groups
from rl_explain.training.groups_settings import GRPOSettings, RLOOSettings
from rl_explain.training.logs import sampled_tokens
from rl_explain.training.online_settings import OnlineSettings

ROWS = 24
PROMPTS = {
    "prompt": [f"Give <|item_{i % 5}|> {'and ' * (i % 4)}<|user_{i % 4}|>" for i in range(ROWS)],
    "history": [(i, i + 1) for i in range(ROWS)],
    "item": [None if i % 3 else i for i in range(ROWS)],
}
VALIDATION = {name: values[:4] for name, values in PROMPTS.items()}
SMALL: dict[str, Any] = {
    "iterations": 4,
    "rollout_batch_size": 4,
    "samples_per_prompt": 4,
    "minibatch_size": 8,
    "micro_batch_size": 4,
    "max_new_tokens": 6,
    "learning_rate": 5e-3,
    "eval_every": 2,
    "save_every": 1,
}
KINDS = [GRPOSettings, RLOOSettings]


def letters(completions: list[str], **columns: Any) -> list[float]:
    """The share of letters, of 12: a score that a random policy seldom reaches."""
    return [min(sum(c.isascii() and c.isalpha() for c in text), 12) / 12 for text in completions]


def train(
    sft_model: Any, folder: Path, settings: OnlineSettings, reward: Any = letters
) -> dict[str, float]:
    folder.mkdir(exist_ok=True)
    model, tokenizer = sft_model()
    return train_groups(model, tokenizer, PROMPTS, VALIDATION, reward, settings, folder, seed=7)


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / ADAPTER_FILE)


@pytest.mark.parametrize("kind", KINDS)
def test_the_reward_rises(sft_model: Any, tmp_path: Path, kind: Any) -> None:
    settings = kind(
        **SMALL
        | {"iterations": 24, "rollout_batch_size": 8, "eval_every": 24, "save_every": 24}
        | {"learning_rate": 1e-2, "kl_coef": 0.0, "missing_eos_penalty": 0.0}
    )
    metrics = train(sft_model, tmp_path, settings)
    scores = [line["score"] for line in read(tmp_path / "log.jsonl") if "score" in line]
    assert len(scores) == 24
    assert sum(scores[-3:]) > sum(scores[:3]) + 0.3
    assert metrics["validation/score"] > metrics["validation/score_before"]


def test_the_reference_is_the_supervised_model_with_its_connectors(
    sft_model: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[Any] = []
    calls = count()

    def rising(completions: list[str], **columns: Any) -> list[Score]:
        """Later validations are better, so the weights that are kept at the end have moved."""
        call = next(calls)  # the same for a whole group, so no advantage changes
        return [score + call for score in letters(completions)]

    class Kept(GRPOTrainer):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            kept.append(self)

    arguments = groups.TRAINERS[GRPOSettings][1]
    monkeypatch.setitem(groups.TRAINERS, GRPOSettings, (Kept, arguments))
    one_step = {"minibatch_size": 16, "kl_coef": 0.1}
    train(sft_model, tmp_path, GRPOSettings(**SMALL | one_step), rising)
    named = dict(kept[0].model.named_parameters())
    start = dict(sft_model()[0].named_parameters())
    copies = {name: w for name, w in named.items() if ".ref." in name}
    assert any("connector" in name for name in copies)
    assert all(torch.equal(w, start[n.replace(".ref.", ".default.")]) for n, w in copies.items())
    own = {name: w for name, w in named.items() if ".default." in name}
    assert not all(torch.equal(w, start[name]) for name, w in own.items())
    # on policy and at the reference, the first step has no KL
    assert read(tmp_path / "log.jsonl")[1]["kl"] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_resume_equals_uninterrupted(sft_model: Any, tmp_path: Path, kind: Any) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    metrics = train(sft_model, whole, kind(**SMALL))

    calls = 0

    def interrupted(completions: list[str], **columns: Any) -> list[Score]:
        nonlocal calls
        calls += 1
        if calls == 5:  # validation, two iterations, validation, and in the third
            raise KeyboardInterrupt
        return letters(completions)

    with pytest.raises(KeyboardInterrupt):
        train(sft_model, broken, kind(**SMALL), interrupted)
    train(sft_model, broken, kind(**SMALL))
    assert all(
        torch.equal(w, weights(whole / "adapter")[n])
        for n, w in weights(broken / "adapter").items()
    )
    last = "checkpoints/checkpoint-8"
    assert all(torch.equal(w, weights(whole / last)[n]) for n, w in weights(broken / last).items())
    samples = [(row["iteration"], row["completion"]) for row in read(broken / "samples.jsonl")]
    assert samples == [(r["iteration"], r["completion"]) for r in read(whole / "samples.jsonl")]
    tokens = [sampled_tokens(folder / "log.jsonl", metrics) for folder in (whole, broken)]
    assert tokens[0] == tokens[1]
    assert metrics["completions"] < tokens[0] <= 6 * metrics["completions"]


def test_completions_without_a_score_move_nothing(sft_model: Any, tmp_path: Path) -> None:
    def only_validation(completions: list[str], item: list[Any], **columns: Any) -> list[Score]:
        return [0.5] * 4 if len(completions) == 4 else [None, FAILED] * (len(completions) // 2)

    train(sft_model, tmp_path, GRPOSettings(**SMALL | {"kl_coef": 0.0}), only_validation)
    start = dict(sft_model()[0].named_parameters())
    moved = [
        name
        for name, weight in weights(tmp_path / "checkpoints/checkpoint-8").items()
        if not torch.equal(weight, start[_trained(name)])
    ]
    assert not moved


def _trained(name: str) -> str:
    """The name of a saved weight in a model."""
    parts = name.rsplit(".", 1)
    if "connector" in name:
        head, tail = name.split("_connector.", 1)
        return f"{head}_connector.modules_to_save.default.{tail}"
    return f"{parts[0]}.default.{parts[1]}"


def test_columns_reach_the_reward(sft_model: Any, tmp_path: Path) -> None:
    seen: dict[str, tuple[Any, Any]] = {}

    def reward(completions: list[str], **columns: Any) -> list[Score]:
        for prompt, past, item in zip(
            columns["prompt"], columns["history"], columns["item"], strict=True
        ):
            seen[prompt] = (tuple(past), item)
        return letters(completions)

    train(sft_model, tmp_path, GRPOSettings(**SMALL | {"iterations": 1}), reward)
    rows = zip(*PROMPTS.values(), strict=True)
    expected = {}
    for prompt, past, item in rows:
        expected.setdefault(prompt, set()).add((past, item))
    assert seen and all(value in expected[prompt] for prompt, value in seen.items())


def test_the_best_weights_on_validation_are_kept(sft_model: Any, tmp_path: Path) -> None:
    scores = iter([0.1, 0.9, 0.3])

    def reward(completions: list[str], **columns: Any) -> list[Score]:
        return [next(scores)] * 4 if len(completions) == 4 else letters(completions)

    metrics = train(sft_model, tmp_path, GRPOSettings(**SMALL), reward)
    assert metrics["best_iteration"] == 2
    assert metrics["validation/score"] == pytest.approx(0.9)
    assert metrics["validation/score_before"] == pytest.approx(0.1)
    best, final = weights(tmp_path / "best"), weights(tmp_path / "adapter")
    assert all(torch.equal(weight, final[name]) for name, weight in best.items())


def test_validation_without_any_score_is_refused(sft_model: Any, tmp_path: Path) -> None:
    def nothing(completions: list[str], **columns: Any) -> list[Score]:
        return [None] * len(completions)

    with pytest.raises(UserError, match=r"rewards\.weights\.faithfulness=1"):
        train(sft_model, tmp_path, GRPOSettings(**SMALL), nothing)


@pytest.mark.parametrize("kind", KINDS)
def test_settings_out_of_range_name_their_group(kind: Any) -> None:
    with pytest.raises(UserError, match=rf"{kind.group}\.minibatch_size is 7: give a divisor"):
        kind(**SMALL | {"minibatch_size": 7})
