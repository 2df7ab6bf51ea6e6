"""ORPO: TRL's loss against the paper's equations, over completions alone."""

import math
from pathlib import Path

import pytest
import torch
from datasets import Dataset
from trl.experimental.orpo import ORPOConfig

from rl_explain.config.settings import ModelConfig
from rl_explain.explainer.language_model import add_adapter, load_base
from rl_explain.tasks.tokens import item_token
from rl_explain.training.preference import orpo_loss
from rl_explain.training.trl_compat import CompletionORPOTrainer

ROWS = [
    {"prompt": f"Item: {item_token(1)}\n", "chosen": "Yes. because", "rejected": "No"},
    {"prompt": f"The {item_token(0)} for\n", "chosen": "No. both of", "rejected": "Yes. it of and"},
]


def test_loss_by_hand() -> None:
    # p = 1/2 and 1/4 a token: odds 1 and 1/3, log odds ratio log 3, sigmoid 3/4.
    chosen, rejected = torch.tensor([math.log(0.5)]), torch.tensor([math.log(0.25)])
    loss = orpo_loss(chosen, rejected, torch.tensor(0.7), weight=0.2)
    assert loss.item() == pytest.approx(0.7 - 0.2 * math.log(0.75))


@pytest.fixture
def trainer(random_base: Path, tmp_path: Path) -> CompletionORPOTrainer:
    tables = torch.randn(3, 8), torch.randn(2, 1, 8)
    model, tokenizer = load_base(str(random_base), "float32", *tables)
    tuned = add_adapter(model, ModelConfig(lora_rank=2), seed=0)
    arguments = ORPOConfig(
        output_dir=str(tmp_path),
        beta=0.3,
        bf16=False,
        use_cpu=True,
        gradient_checkpointing=False,
        remove_unused_columns=False,
        report_to="none",
        per_device_train_batch_size=2,
    )
    return CompletionORPOTrainer(
        model=tuned,
        args=arguments,
        train_dataset=Dataset.from_list(ROWS),
        processing_class=tokenizer,
    )


def test_trainer_agrees_with_the_pure_function(trainer: CompletionORPOTrainer) -> None:
    batch = next(iter(trainer.get_train_dataloader()))
    loss, _ = trainer.get_batch_loss_metrics(trainer.model, batch)
    tokenizer, model = trainer.processing_class, trainer.model
    chosen, rejected = [], []
    nll, tokens = 0.0, 0
    for row in ROWS:
        for kind, means in (("chosen", chosen), ("rejected", rejected)):
            start = len(tokenizer(row["prompt"]).input_ids)
            ids = [*tokenizer(row["prompt"] + row[kind]).input_ids, tokenizer.eos_token_id]
            with torch.no_grad():
                log_probs = model(torch.tensor([ids])).logits[0].log_softmax(-1)
            taken = torch.stack([log_probs[i - 1, ids[i]] for i in range(start, len(ids))])
            means.append(taken.mean())
            if kind == "chosen":
                nll, tokens = nll - taken.sum(), tokens + len(taken)
    expected = orpo_loss(torch.stack(chosen), torch.stack(rejected), nll / tokens, weight=0.3)
    torch.testing.assert_close(loss.detach(), expected, atol=1e-4, rtol=1e-4)
