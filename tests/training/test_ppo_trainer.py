"""PPO from end to end: what learns, what must not, and what an interruption changes (nothing)."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from reward_models.composite import CompositeResult
from reward_models.types import FAILED, Score
from rl_explain.errors import UserError
from rl_explain.explainer.generation import generate
from rl_explain.explainer.language_model import ADAPTER_FILE, freeze_connectors
from rl_explain.training.fit import last_checkpoint
from rl_explain.training.ppo.collector import Collector
from rl_explain.training.ppo.experience import score_tokens
from rl_explain.training.ppo.reference import as_reference
from rl_explain.training.ppo.rollout import Batch
from rl_explain.training.ppo.settings import PPOSettings
from rl_explain.training.ppo.train import train_ppo
from rl_explain.training.ppo.trainer import PPOTrainer
from rl_explain.training.scoring import Columns, take

ROWS = 24
PROMPTS = {
    "prompt": [f"Give <|item_{i % 5}|> {'and ' * (i % 4)}<|user_{i % 4}|>" for i in range(ROWS)],
    "row": list(range(ROWS)),
}
VALIDATION = {name: values[:4] for name, values in PROMPTS.items()}
SMALL: dict[str, Any] = {
    "iterations": 4,
    "rollout_batch_size": 16,
    "samples_per_prompt": 1,
    "prefix_baseline": False,
    "group_scale": False,
    "kl_coef": 0.05,
    "ppo_epochs": 2,
    "minibatch_size": 8,
    "micro_batch_size": 4,
    "max_new_tokens": 6,
    "learning_rate": 5e-3,
    "gae_lambda": 0.95,
    "value_clip_range": 0.2,
    "value_coef": 0.5,
    "eval_every": 2,
    "save_every": 1,
    "kl_target": 0.5,
    "kl_horizon": 160.0,
    "entropy_coef": 0.01,
    "constrained_decoding": False,
}
CLOCKS = ("seconds/", "tokens_per_second", "train_")


def letters(completions: list[str], **columns: Any) -> list[Score]:
    """The share of letters, of 12: a score that a random policy seldom reaches."""
    return [min(sum(c.isascii() and c.isalpha() for c in text), 12) / 12 for text in completions]


def make_trainer(
    sft_model: Any, folder: Path, reward: Callable = letters, **settings: Any
) -> PPOTrainer:
    model, tokenizer = sft_model()
    folder.mkdir(exist_ok=True)
    config = PPOSettings(**SMALL | settings)
    return PPOTrainer(model, tokenizer, PROMPTS, VALIDATION, reward, config, folder, seed=7)


def trained(trainer: PPOTrainer) -> dict[str, Tensor]:
    """Every trained weight, by name."""
    named = trainer.model.named_parameters()
    return {name: w.detach().clone() for name, w in named if w.requires_grad}


def assert_equal(a: dict[str, Tensor], b: dict[str, Tensor]) -> None:
    assert a.keys() == b.keys()
    assert not [name for name in a if not torch.equal(a[name], b[name])]


def after_the_last_iteration(trainer: PPOTrainer) -> dict[str, Tensor]:
    """The weights of the last checkpoint, in place of the best iteration that training loads."""
    trainer._load_from_checkpoint(last_checkpoint(trainer.folder) or "")
    return trained(trainer)


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def without_clocks(path: Path) -> list[dict[str, Any]]:
    return [{k: v for k, v in line.items() if not k.startswith(CLOCKS)} for line in read(path)]


def test_the_reward_rises(sft_model: Any, tmp_path: Path) -> None:
    trainer = make_trainer(
        sft_model,
        tmp_path,
        iterations=20,
        rollout_batch_size=32,
        eval_every=20,
        save_every=20,
        micro_batch_size=8,
        ppo_epochs=4,
        learning_rate=1e-2,
        value_warmup_iterations=0,
        missing_eos_penalty=0.0,
        kl_target=None,
        kl_coef=0.0,
        entropy_coef=0.0,
    )
    trainer.train()
    scores = [line["score"] for line in read(tmp_path / "log.jsonl") if "score" in line]
    assert sum(scores[-2:]) > sum(scores[:2]) + 0.3


def test_the_first_step_starts_on_policy(sft_model: Any, tmp_path: Path) -> None:
    trainer = make_trainer(sft_model, tmp_path, iterations=1)
    gaps: list[float] = []
    compute = trainer.compute_loss

    def spy(model: Any, inputs: Batch, **kwargs: Any) -> Tensor:
        new, _, _ = score_tokens(trainer.model, inputs, batch_size=4)
        gaps.append((new - inputs["log_probs"]).abs().max().item())
        return compute(model, inputs, **kwargs)

    trainer.compute_loss = spy  # type: ignore[method-assign]
    trainer.train()
    assert read(tmp_path / "log.jsonl")[1]["kl"] == 0.0
    assert max(gaps[:2]) < 1e-5  # the first minibatch is two micro-batches


def test_one_minibatch_has_ratio_one(sft_model: Any, tmp_path: Path) -> None:
    whole = {"minibatch_size": 16, "micro_batch_size": 16, "ppo_epochs": 1, "iterations": 2}
    trainer = make_trainer(sft_model, tmp_path, **whole, value_warmup_iterations=0)
    trainer.train()
    first, second = [x for x in read(tmp_path / "log.jsonl") if "kl" in x]
    assert (first["clip_fraction"], second["clip_fraction"]) == (0.0, 0.0)
    assert max(abs(first["update_kl"]), abs(second["update_kl"])) < 1e-6
    assert first["kl"] == 0.0 != second["kl"]


def test_reference_log_probabilities_do_not_move(sft_model: Any, tmp_path: Path) -> None:
    trainer = make_trainer(sft_model, tmp_path)
    batch = trainer.collector.sample(take(PROMPTS, range(6)), iteration=0)
    before = score_tokens(trainer.model, batch, batch_size=4)[0]
    start = trained(trainer)
    trainer.train()
    end = after_the_last_iteration(trainer)
    with as_reference(trainer.model.policy):
        assert torch.equal(score_tokens(trainer.model, batch, batch_size=4)[0], before)
    assert not torch.equal(score_tokens(trainer.model, batch, batch_size=4)[0], before)
    still = {name for name in start if torch.equal(start[name], end[name])}
    assert not still  # LoRA, both connectors and the value head have all learned


def test_value_warmup_trains_the_value_head_alone(sft_model: Any, tmp_path: Path) -> None:
    trainer = make_trainer(sft_model, tmp_path, iterations=2, value_warmup_iterations=2)
    start = trained(trainer)
    trainer.train()
    assert_equal(trained(trainer), start)  # no answer changed: the best iteration is the start
    end = after_the_last_iteration(trainer)
    moved = {name for name in start if not torch.equal(start[name], end[name])}
    assert moved == {"value_head.weight", "value_head.bias"}


def test_an_interrupted_training_ends_with_the_same_weights(sft_model: Any, tmp_path: Path) -> None:
    whole = make_trainer(sft_model, tmp_path / "whole")
    whole.train()

    calls = 0

    def broken(completions: list[str], **columns: Any) -> list[Score]:
        nonlocal calls
        calls += 1
        if calls == 5:  # validation, iterations 1 and 2, validation; then in iteration 3
            raise ConnectionError
        return letters(completions)

    with pytest.raises(ConnectionError):
        make_trainer(sft_model, tmp_path / "parts", broken).train()
    torch.manual_seed(99)
    torch.rand(11)  # what else a new process may draw
    resumed = make_trainer(sft_model, tmp_path / "parts")
    checkpoint = last_checkpoint(tmp_path / "parts")
    assert checkpoint is not None
    assert resumed.train(resume_from_checkpoint=checkpoint).global_step == whole.state.global_step

    assert_equal(trained(resumed), trained(whole))
    assert resumed.kl.coef == whole.kl.coef != SMALL.get("kl_coef", PPOSettings().kl_coef)
    ends = [Path(last_checkpoint(tmp_path / name) or "") for name in ("whole", "parts")]
    for file in ("adapter_model.safetensors", "value_head.safetensors", "kl_controller.json"):
        assert (ends[0] / file).read_bytes() == (ends[1] / file).read_bytes()
    moments = [torch.load(end / "optimizer.pt")["state"] for end in ends]
    for key, state in moments[0].items():
        assert_equal(state, moments[1][key])
    for file in ("log.jsonl", "samples.jsonl"):
        lines = [without_clocks(tmp_path / name / file) for name in ("whole", "parts")]
        assert lines[0][:-1] == lines[1][:-1]


def partly_scored(mark: Score) -> Callable[..., list[Score]]:
    """Scores even rows alone; the others get `mark`."""

    def reward(completions: list[str], row: list[int], **columns: Any) -> list[Score]:
        scores = letters(completions)
        return [s if r % 2 == 0 else mark for s, r in zip(scores, row, strict=True)]

    return reward


def test_unscored_completions_have_no_influence(sft_model: Any, tmp_path: Path) -> None:
    """The weights stay the same whatever a row holds that got `None`, `FAILED` or NaN."""
    settings = {"iterations": 2, "rollout_batch_size": 24, "value_warmup_iterations": 0}
    ends = []
    for mark in (None, FAILED, float("nan")):
        trainer = make_trainer(sft_model, tmp_path / repr(mark), partly_scored(mark), **settings)
        if mark is FAILED:
            collector = trainer.collector
            collector.draw, collector.sample = corrupting(collector)  # type: ignore[method-assign]
        start = trained(trainer)
        trainer.train()
        ends.append(after_the_last_iteration(trainer))
        assert not any(torch.equal(start[name], ends[-1][name]) for name in start)
        first = read(tmp_path / repr(mark) / "log.jsonl")[1]
        assert first["unscored"] == 0.5
    assert_equal(ends[0], ends[1])
    assert_equal(ends[0], ends[2])


def corrupting(collector: Collector) -> tuple[Callable, Callable]:
    """A rollout whose completions and prompts are overwritten in odd rows."""
    draw, sample = collector.draw, collector.sample
    odd: list[int] = []

    def draw_and_note(iteration: int) -> Any:
        columns = draw(iteration)
        odd[:] = [place for place, row in enumerate(columns["row"]) if row % 2]
        return columns

    def sample_and_corrupt(columns: Columns, iteration: int) -> Batch:
        batch = sample(columns, iteration)
        batch["completion_ids"][odd] = 17
        batch["completion_mask"][odd] = True
        batch["prompt_ids"][odd] = 23
        batch["prompt_mask"][odd] = True
        return batch

    return draw_and_note, sample_and_corrupt


def test_too_few_scores_stop_the_training(sft_model: Any, tmp_path: Path) -> None:
    def mostly_failed(completions: list[str], **columns: Any) -> list[Score]:
        return [FAILED if i else 1.0 for i in range(len(completions))]

    with pytest.raises(UserError, match="only 1 completions of iteration 1 got a score"):
        make_trainer(sft_model, tmp_path, mostly_failed).train()


def test_micro_batches_change_memory_alone(sft_model: Any, tmp_path: Path) -> None:
    """After one step, Adam's first moment is the gradient, up to a factor."""
    moments = []
    for size in (8, 2):
        folder = tmp_path / str(size)
        sizes = {"rollout_batch_size": 8, "micro_batch_size": size}
        make_trainer(sft_model, folder, iterations=1, ppo_epochs=1, **sizes).train()
        state = torch.load(Path(last_checkpoint(folder) or "") / "optimizer.pt")["state"]
        moments.append([state[key]["exp_avg"] for key in sorted(state)])
    assert all(moment.any() for moment in moments[0])
    for whole, parts in zip(*moments, strict=True):
        torch.testing.assert_close(whole, parts, rtol=1e-3, atol=1e-6)


def test_the_best_iteration_is_kept(sft_model: Any, tmp_path: Path) -> None:
    """Of the validation scores 0.1, 0.5, 0.9, 0.3 and 0.2 the third is that of iteration 2."""
    validations = iter([0.1, 0.5, 0.9, 0.3, 0.2])

    def reward(completions: list[str], row: list[int], **columns: Any) -> CompositeResult:
        greedy = row == VALIDATION["row"]
        totals = [next(validations)] * len(row) if greedy else letters(completions)
        return CompositeResult(totals, {"letters": totals})

    trainer = make_trainer(sft_model, tmp_path, reward, eval_every=1)
    trainer.args.save_total_limit = None
    trainer.train()
    end = trained(trainer)
    trainer._load_from_checkpoint(str(tmp_path / "checkpoints" / "checkpoint-8"))
    assert_equal(trained(trainer), end)
    trainer._load_from_checkpoint(str(tmp_path / "checkpoints" / "checkpoint-16"))
    assert not torch.equal(trained(trainer)["value_head.weight"], end["value_head.weight"])


def test_the_stage_leaves_its_files(sft_model: Any, tmp_path: Path) -> None:
    def composite(completions: list[str], **columns: Any) -> CompositeResult:
        totals = letters(completions)
        return CompositeResult(totals, {"letters": totals, "other": [None] * len(totals)})

    model, tokenizer = sft_model()
    config = PPOSettings(**SMALL)
    args = (tokenizer, PROMPTS, VALIDATION, composite, config, tmp_path, 7)
    metrics = train_ppo(model, *args)
    assert metrics["iterations"] == 4
    assert metrics["validation/score"] >= metrics["validation/score_before"]

    lines = [line for line in read(tmp_path / "log.jsonl") if "kl" in line]
    assert [line["iteration"] for line in lines] == [1, 2, 3, 4]
    names = {"score", "kl", "kl_coef", "entropy", "clip_fraction", "value_loss", "policy_loss"}
    names |= {"completion_length", "eos_rate", "reward/letters/mean", "reward/other/none"}
    names |= {"tokens_per_second", "explained_variance", "grad_norm", "loss"}
    assert names <= lines[0].keys()
    samples = read(tmp_path / "samples.jsonl")
    assert len(samples) == 4 * config.samples_logged
    assert samples[0].keys() == {"iteration", "prompt", "completion", "total", "letters", "other"}

    assert not any("reference" in n for n in load_file(tmp_path / "adapter" / ADAPTER_FILE))
    fresh, _ = sft_model()
    fresh.load_adapter(str(tmp_path / "adapter"), "saved")
    fresh.set_adapter("saved")
    texts = [generate(m, tokenizer, VALIDATION["prompt"], max_new_tokens=6) for m in (model, fresh)]
    assert texts[0] == texts[1]
    assert train_ppo(sft_model()[0], *args) == metrics  # finished: nothing is trained again


def test_frozen_connectors_stay_where_they_were(sft_model: Any, tmp_path: Path) -> None:
    def frozen() -> Any:
        model, tokenizer = sft_model()
        freeze_connectors(model)
        return model, tokenizer

    trainer = make_trainer(frozen, tmp_path, iterations=2, value_warmup_iterations=0)
    before = {name: w.detach().clone() for name, w in trainer.model.named_parameters()}
    trainer.train()
    trainer._load_from_checkpoint(last_checkpoint(tmp_path) or "")
    moved = {n for n, w in trainer.model.named_parameters() if not torch.equal(w, before[n])}
    assert any("lora" in name for name in moved)
    assert not any("connector" in name for name in moved)


def test_several_completions_of_a_prompt(sft_model: Any, tmp_path: Path) -> None:
    seen: list[list[int]] = []

    def reward(completions: list[str], row: list[int], **columns: Any) -> list[Score]:
        seen.append(row)
        return letters(completions)

    sizes = {"rollout_batch_size": 4, "samples_per_prompt": 4, "iterations": 1}
    make_trainer(sft_model, tmp_path, reward, **sizes).train()
    rows = seen[1]
    assert [rows.count(row) for row in sorted(set(rows))] == [4] * 4


@pytest.mark.parametrize("baseline", [True, False])
def test_a_prefix_baseline_removes_what_the_prompt_decides(
    sft_model: Any, tmp_path: Path, baseline: bool
) -> None:
    def reward(completions: list[str], row: list[int], **columns: Any) -> list[Score]:
        return [number / 32 for number in row]  # means of these are exact

    trainer = make_trainer(
        sft_model,
        tmp_path,
        reward,
        rollout_batch_size=4,
        samples_per_prompt=4,
        iterations=1,
        prefix_baseline=baseline,
        value_warmup_iterations=0,
        missing_eos_penalty=0.0,
        kl_coef=0.0,
        kl_target=None,
        entropy_coef=0.0,
    )
    before = trained(trainer)
    trainer.train()
    after = after_the_last_iteration(trainer)
    moved = any("lora" in name and not torch.equal(w, after[name]) for name, w in before.items())
    assert moved is not baseline


def test_columns_of_unequal_length_are_refused(sft_model: Any, tmp_path: Path) -> None:
    model, tokenizer = sft_model()
    with pytest.raises(UserError, match="the training columns have"):
        PPOTrainer(
            model,
            tokenizer,
            {"prompt": ["a"], "row": []},
            VALIDATION,
            letters,
            PPOSettings(),
            tmp_path,
        )
