"""SFT: resuming, its log, and the output head on completions alone."""

import json
from contextlib import nullcontext
from pathlib import Path

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from trl.trainer import utils as internals

from rl_explain.config.settings import ModelConfig
from rl_explain.explainer.language_model import add_adapter, load_base
from rl_explain.tasks.examples import Example
from rl_explain.tasks.tokens import item_token
from rl_explain.training import sft
from rl_explain.training.logs import JsonLinesLog
from rl_explain.training.sft_settings import SFTSettings

EXAMPLES = [
    Example("classification", "hybrid", f"Item: {item_token(i % 3)} for", "Yes" if i % 2 else "No")
    for i in range(24)
]
SETTINGS = SFTSettings(steps=8, batch_size=4, learning_rate=1e-2)


def _model(base: Path) -> tuple[PeftModel, object]:
    generator = torch.Generator().manual_seed(3)
    tables = [torch.randn(*n, 8, generator=generator) for n in ((3,), (2, 1))]
    model, tokenizer = load_base(str(base), "float32", *tables)
    return add_adapter(model, ModelConfig(lora_rank=2, lora_dropout=0.1), seed=0), tokenizer


def _weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "adapter/adapter_model.safetensors")


class _Stop(TrainerCallback):
    def on_step_end(self, args, state, control, **kwargs):  # type: ignore[no-untyped-def]
        if state.global_step == 5:
            raise KeyboardInterrupt


def test_resumed_equals_uninterrupted(
    random_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    for folder in (whole, parts):
        folder.mkdir()
    sft.train_sft(*_model(random_base), EXAMPLES, SETTINGS, whole, seed=0)
    with monkeypatch.context() as patch:
        trainer = sft.SFTTrainer
        patch.setattr(
            sft,
            "SFTTrainer",
            lambda callbacks, **kw: trainer(callbacks=[*callbacks, _Stop()], **kw),
        )
        with pytest.raises(KeyboardInterrupt):
            sft.train_sft(*_model(random_base), EXAMPLES, SETTINGS, parts, seed=0)
    sft.train_sft(*_model(random_base), EXAMPLES, SETTINGS, parts, seed=0)
    one, other = map(_weights, (whole, parts))
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)
    untrained = _model(random_base)[0].get_parameter(
        "base_model.model.model.embed_tokens.item_connector.modules_to_save.default.up.weight"
    )
    name = "base_model.model.model.embed_tokens.item_connector.up.weight"
    assert not torch.equal(one[name], untrained)


@pytest.mark.parametrize(("resumed_at", "kept"), [(4, [0, 2, 4]), (0, [])])
def test_a_log_keeps_no_line_after_the_checkpoint(
    tmp_path: Path, resumed_at: int, kept: list[int]
) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text("".join(f'{{"step": {step}}}\n' for step in (0, 2, 4, 6)) + '{"ste')
    state = TrainerState(global_step=resumed_at)
    JsonLinesLog(path).on_train_begin(TrainingArguments(), state, TrainerControl())
    assert [json.loads(line)["step"] for line in path.read_text().splitlines()] == kept


def test_the_head_on_completions_alone_changes_nothing(
    random_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows: list[int] = []
    real = internals._ChunkedLogProbFunction

    class Counted:
        @staticmethod
        def apply(hidden: torch.Tensor, *rest: object) -> object:
            rows.append(len(hidden))
            return real.apply(hidden, *rest)

    monkeypatch.setattr(internals, "_ChunkedLogProbFunction", Counted)
    for folder in ("completions", "everything"):
        (tmp_path / folder).mkdir()
        sft.train_sft(*_model(random_base), EXAMPLES, SETTINGS, tmp_path / folder, seed=0)
        monkeypatch.setattr(sft, "head_on_completions_only", nullcontext)
    one, other = (_weights(tmp_path / folder) for folder in ("completions", "everything"))
    assert max(rows[: SETTINGS.steps]) < min(rows[SETTINGS.steps :])
    assert all(torch.allclose(one[name], other[name], atol=1e-4) for name in one)
