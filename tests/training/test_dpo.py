"""DPO by TRL on prompts with virtual tokens: its loss against the paper's equation."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from datasets import Dataset
from torch import Tensor
from trl import DPOConfig, DPOTrainer

from rl_explain.training.pairs import Pair, preference_rows
from rl_explain.training.preference import train_dpo
from rl_explain.training.preference_settings import DPOSettings

PAIRS = [
    Pair("Item: <|item_1|>\n", "Yes. because", "No", 1.0, 0.0),
    Pair("The <|item_0|> for\n", "No. both of", "Yes. it of and", 1.0, -1.0),
]


def log_prob(model: Any, tokenizer: Any, prompt: str, completion: str) -> Tensor:
    """Of the completion and its end, token by token in one plain pass."""
    start = len(tokenizer(prompt).input_ids)
    ids = torch.tensor([[*tokenizer(prompt + completion).input_ids, tokenizer.eos_token_id]])
    logits = model(input_ids=ids).logits[0].log_softmax(-1)
    return sum(logits[i - 1, ids[0, i]] for i in range(start, ids.shape[1]))  # type: ignore[return-value]


def test_the_loss_is_the_papers(sft_model: Any, tmp_path: Path) -> None:
    model, tokenizer = sft_model()
    arguments = DPOConfig(
        output_dir=str(tmp_path),
        beta=0.3,
        bf16=False,
        use_cpu=True,
        max_length=None,
        disable_dropout=True,
        gradient_checkpointing=False,
        remove_unused_columns=False,
        report_to="none",
        per_device_train_batch_size=2,
    )
    trainer = DPOTrainer(
        model=model,
        args=arguments,
        train_dataset=Dataset.from_list(preference_rows(PAIRS)),
        processing_class=tokenizer,
    )
    batch = next(iter(trainer.get_train_dataloader()))
    start = trainer.compute_loss(trainer.model, dict(batch))
    assert start.item() == pytest.approx(math.log(2), abs=1e-5)  # policy and reference are one

    with torch.no_grad():
        sides = [(p.prompt, text) for p in PAIRS for text in (p.chosen, p.rejected)]
        before = [log_prob(model, tokenizer, *side) for side in sides]
        for name, weight in model.named_parameters():
            if ".default." in name and "lora_B" in name:
                weight += 0.3
        after = [log_prob(model, tokenizer, *side) for side in sides]
    gains = torch.stack(after) - torch.stack(before)  # chosen, rejected, chosen, rejected
    expected = -torch.nn.functional.logsigmoid(0.3 * (gains[::2] - gains[1::2])).mean()
    loss = trainer.compute_loss(trainer.model, dict(batch))
    assert loss.item() == pytest.approx(expected.item(), rel=1e-4)
    assert abs(loss.item() - math.log(2)) > 1e-3


def test_training_prefers_the_chosen(sft_model: Any, tmp_path: Path) -> None:
    model, tokenizer = sft_model()
    margins = []
    for trained in (False, True):
        if trained:
            settings = DPOSettings(epochs=10, batch_size=2, learning_rate=1e-2)
            train_dpo(model, tokenizer, PAIRS, settings, tmp_path, seed=0)
        model.eval()
        with torch.no_grad():
            margins.append(
                sum(
                    log_prob(model, tokenizer, p.prompt, p.chosen)
                    - log_prob(model, tokenizer, p.prompt, p.rejected)
                    for p in PAIRS
                )
            )
    assert margins[1] > margins[0] + 1
