"""Any callable is a reward; what a reward may offer beside: progress, a memory, credits."""

import inspect
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from transformers import Trainer, TrainingArguments

from reward_models.composite import Composite, CompositeResult
from reward_models.credit import Credit
from rl_explain.training.groups import train_groups
from rl_explain.training.groups_settings import GRPOSettings
from rl_explain.training.ppo.settings import PPOSettings
from rl_explain.training.ppo.train import train_ppo
from rl_explain.training.reward_protocol import RewardState, final_reward

STEPS = 6


def length(completions: list[str], *, context: None, **columns: Any) -> list[float | None]:
    return [float(len(text)) for text in completions]


def make_composite() -> Composite:
    return Composite(
        {"length": 1},
        None,  # type: ignore[arg-type]
        {"length": length},
        ranges={},
        normalisation={"length": "running"},
        schedule={"length": [[0, 1], [1, 2]]},
    )


class Scoring(Trainer):
    """Scores a text a step; notes the total and the weight."""

    def __init__(self, composite: Composite, folder: Path) -> None:
        self.composite, self.seen = composite, list[tuple[Any, ...]]()
        super().__init__(
            model=nn.Linear(1, 1),
            args=TrainingArguments(
                output_dir=str(folder),
                max_steps=STEPS,
                per_device_train_batch_size=1,
                save_strategy="steps",
                save_steps=3,
                report_to="none",
                use_cpu=True,
                disable_tqdm=True,
                remove_unused_columns=False,
            ),
            train_dataset=[{"x": torch.tensor([float(i)])} for i in range(STEPS)],
            callbacks=[RewardState(composite)],
        )

    def compute_loss(self, model: nn.Module, inputs: Any, *args: Any, **kwargs: Any) -> Tensor:
        step = self.state.global_step
        result = self.composite(["x" * (step * step), "xx"])
        self.seen.append((step, tuple(result.total), self.composite.weights_now["length"]))
        return model(torch.ones(1, 1)).sum()


def test_a_resumed_training_scores_as_an_uninterrupted_one(tmp_path: Path) -> None:
    through = Scoring(make_composite(), tmp_path)
    through.train()
    assert [weight for *_, weight in through.seen] == [1 + step / STEPS for step in range(STEPS)]
    resumed = Scoring(make_composite(), tmp_path)
    resumed.train(resume_from_checkpoint=str(tmp_path / "checkpoint-3"))
    assert resumed.seen == through.seen[3:]


def test_a_new_training_forgets_what_was_scored_before(tmp_path: Path) -> None:
    composite = make_composite()
    runs = [Scoring(composite, tmp_path / name) for name in ("a", "b")]
    for run in runs:
        run.train()
    assert runs[0].seen == runs[1].seen


def test_weights_of_different_times_are_compared_by_one_reward() -> None:
    composite = make_composite()
    composite.progress = 0.0
    assert final_reward(composite)(["xx"]).total == [2.0]  # type: ignore[union-attr]
    assert final_reward(length) is length


# Any callable, in both trainers of our own rewards


def readable(completions, **columns):
    """The share of characters that are letters or blanks; 0 for an empty text."""
    scores = []
    for text in completions:
        good = sum(character.isalpha() or character == " " for character in text)
        scores.append(good / max(len(text), 1))
    return scores


PROMPTS = {"prompt": [f"Give <|item_{i % 5}|>{' and' * (i % 3)}" for i in range(24)]}
VALIDATION = {"prompt": PROMPTS["prompt"][:4]}
SIZES: dict[str, Any] = {
    "iterations": 12,
    "rollout_batch_size": 8,
    "samples_per_prompt": 4,
    "micro_batch_size": 16,
    "minibatch_size": 16,
    "max_new_tokens": 6,
    "learning_rate": 1e-2,
    "kl_coef": 0.0,
    "missing_eos_penalty": 0.0,
}
FREE = {"constrained_decoding": False, "value_warmup_iterations": 0}


def train(method: str, sft_model: Any, folder: Path, reward: Any, **sizes: Any) -> list[float]:
    """The mean reward of each iteration."""
    folder.mkdir()
    arguments = (*sft_model(), PROMPTS, VALIDATION, reward)
    if method == "ppo":
        train_ppo(*arguments, PPOSettings(**SIZES | FREE | sizes), folder, seed=3)
    else:
        train_groups(*arguments, GRPOSettings(**SIZES | sizes), folder, seed=3)
    rows = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return [row["score"] for row in rows if "score" in row]


@pytest.mark.parametrize("method", ["ppo", "grpo"])
def test_a_ten_line_reward_trains(sft_model: Any, tmp_path: Path, method: str) -> None:
    scores = train(method, sft_model, tmp_path / method, readable)
    assert len(scores) == 12
    assert sum(scores[-3:]) > sum(scores[:3]) + 0.3


def test_the_ten_line_reward_is_that_of_the_documentation() -> None:
    page = Path(__file__).parents[2] / "docs" / "rewards.md"
    own = page.read_text(encoding="utf-8").split("## A reward of your own")[1]
    source = inspect.getsource(readable)
    assert source in own
    assert len(source.splitlines()) <= 10


class Noting:
    """A reward that is no composite and has one of the optional parts, or all of them."""

    def __init__(self) -> None:
        self.progress = 1.0
        self.progresses: list[float] = []
        self.loaded: list[Any] = []
        self.credited = 0
        self.validated = 0

    def __call__(self, completions: list[str], **columns: Any) -> list[float]:
        self.progresses.append(self.progress)
        return readable(completions)

    def credits(
        self, completions: list[str], result: CompositeResult, **columns: Any
    ) -> list[list[Credit]]:
        self.credited += len(completions)
        assert len(columns["prompt"]) == len(result.total) == len(completions)
        return [[Credit(0, 2, 0.5)] for _ in completions]

    def final_reward(self) -> Any:
        def final(completions: list[str], **columns: Any) -> list[float]:
            self.validated += len(completions)
            return readable(completions)

        return final

    def state(self) -> dict[str, Any]:
        return {"calls": len(self.progresses)}

    def load_state(self, state: Any) -> None:
        self.loaded.append(dict(state))


@pytest.mark.parametrize("method", ["ppo", "grpo"])
def test_every_optional_part_is_used(sft_model: Any, tmp_path: Path, method: str) -> None:
    reward = Noting()
    sizes = {"iterations": 2, "eval_every": 1, "save_every": 2}
    train(method, sft_model, tmp_path / "run", reward, **sizes)
    assert reward.progresses == [0.0, 0.5]  # two iterations; validation asks the final reward
    assert reward.validated == 3 * 4
    assert reward.loaded == [{}]
    assert reward.credited == (2 * 32 if method == "ppo" else 0)
    (saved,) = (tmp_path / "run" / "checkpoints").glob("*/trainer_state.json")
    callbacks = json.loads(saved.read_text())["stateful_callbacks"]
    assert callbacks["RewardState"]["attributes"] == {"memory": {"calls": 2}}


def test_credits_change_what_is_learned(sft_model: Any, tmp_path: Path) -> None:
    sizes = {"iterations": 2, "eval_every": 2}
    scores = [
        train("ppo", sft_model, tmp_path / str(wanted), Noting(), citation_credit=wanted, **sizes)
        for wanted in (True, False)
    ]
    assert scores[0][0] == scores[1][0]  # sampled before any update
    assert scores[0][1] != scores[1][1]
