"""Reading equal prompts once gives TRL's own log-probabilities, entropies and gradients."""

from pathlib import Path
from typing import Any

import pytest
import torch
from datasets import Dataset
from trl import GRPOConfig, GRPOTrainer, RLOOConfig, RLOOTrainer

from rl_explain.training.trl_compat import (
    SharedPromptsGRPOTrainer,
    SharedPromptsRLOOTrainer,
    one_device,
)


@pytest.mark.parametrize(
    ("plain", "shared", "arguments"),
    [
        (GRPOTrainer, SharedPromptsGRPOTrainer, GRPOConfig),
        (RLOOTrainer, SharedPromptsRLOOTrainer, RLOOConfig),
    ],
)
def test_figures_and_gradients_are_trls(
    sft_model: Any, tmp_path: Path, plain: Any, shared: Any, arguments: Any
) -> None:
    found = [_figures(kind, arguments, sft_model, tmp_path) for kind in (plain, shared)]
    (logps, entropies, gradients), (own_logps, own_entropies, own_gradients) = found
    mask = _batch()[1][:, -4:].bool()
    assert torch.allclose(logps[mask], own_logps[mask], atol=1e-5)
    assert torch.allclose(entropies[mask], own_entropies[mask], atol=1e-5)
    assert gradients.keys() == own_gradients.keys() and len(gradients) > 4
    assert any(g.abs().max() > 1e-3 for g in gradients.values())
    for name, gradient in gradients.items():
        assert torch.allclose(gradient, own_gradients[name], atol=1e-5), name


def _figures(kind: Any, arguments: Any, sft_model: Any, folder: Path) -> tuple[Any, Any, Any]:
    model, tokenizer = sft_model()
    settings = arguments(
        output_dir=str(folder),
        report_to=[],
        temperature=0.7,
        per_device_train_batch_size=2,
        num_generations=2,
        bf16=False,
        use_cpu=True,
        disable_dropout=True,
        beta=0.0,
    )
    trainer = kind(
        model=model,
        reward_funcs=lambda completions, **columns: [0.0] * len(completions),
        args=one_device(settings),
        train_dataset=Dataset.from_dict({"prompt": ["a", "b"]}),
        processing_class=tokenizer,
    )
    ids, mask = _batch()
    logps, entropies, _ = trainer._get_per_token_logps_and_entropies(
        trainer.model, ids, mask, 4, batch_size=3, compute_entropy=True
    )
    (logps * mask[:, -4:]).sum().backward()
    gradients = {n: p.grad for n, p in model.named_parameters() if p.grad is not None}
    return logps.detach(), entropies.detach(), gradients


def _batch() -> tuple[torch.Tensor, torch.Tensor]:
    """Two prompts with two and three completions; all padded, the prompts by a column too many."""
    generator = torch.Generator().manual_seed(0)
    prompts = torch.randint(5, 60, (2, 6), generator=generator)[torch.tensor([0, 1, 0, 1, 1])]
    completions = torch.randint(5, 60, (5, 4), generator=generator)
    mask = torch.ones(5, 10, dtype=torch.long)
    mask[:, 0] = 0
    mask[[0, 2], :3] = 0  # the first prompt is two tokens shorter
    mask[1, -2:] = 0
    mask[4, -1:] = 0
    return torch.cat([prompts, completions], 1), mask
