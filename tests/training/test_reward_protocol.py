"""A composite in training by `transformers.Trainer`: progress, and memory in checkpoints."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import Trainer, TrainingArguments

from reward_models.composite import Composite
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
