"""The private parts of TRL and transformers that we lean on are those that were checked.

Reading equal prompts once gives TRL's own log-probabilities, entropies and gradients. Other tests
of what leans on these parts: `test_orpo` (the loss is the paper's), `test_sft` (the output head),
`test_arguments` (one device) and `explainer/test_prompt_tokens` (one BOS).
"""

import hashlib
import importlib
import inspect
from functools import reduce
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import torch
from datasets import Dataset
from transformers import Trainer, TrainerState, TrainingArguments
from trl import GRPOConfig, GRPOTrainer, RLOOConfig, RLOOTrainer

from rl_explain.training.trl_compat import (
    CHECKED,
    SharedPromptsGRPOTrainer,
    SharedPromptsRLOOTrainer,
    one_device,
)

SOURCES = {
    "trl.trainer.utils:_use_triton": "f0510984e05a",
    "trl.trainer.utils:add_fused_lm_head": "422d009f04b6",
    "trl.experimental.orpo:ORPOTrainer.tokenize_row": "f1a72785ecfc",
    "trl.experimental.orpo:ORPOTrainer.build_tokenized_answer": "53489bfe0016",
    "trl.experimental.orpo:ORPOTrainer.concatenated_inputs": "33e1f1f95e5d",
    "trl.experimental.orpo:ORPOTrainer.concatenated_forward": "232b07ef2ace",
    "trl.experimental.orpo:ORPOTrainer.get_batch_logps": "c4344d4313e1",
    "trl.experimental.orpo:ORPOTrainer.get_batch_loss_metrics": "6060969cc095",
    "trl:GRPOTrainer._get_per_token_logps_and_entropies": "ea73c3909275",
    "trl:RLOOTrainer._get_per_token_logps_and_entropies": "ea73c3909275",
}
"""Digest of the source of each part of TRL, as of `CHECKED`."""
SIGNATURES = {
    "transformers:Trainer._save": "(self, output_dir, state_dict)",
    "transformers:Trainer._load_from_checkpoint": "(self, resume_from_checkpoint, model)",
    "transformers:Trainer.save_model": "(self, output_dir, _internal_call)",
    "transformers.trainer_callback:ExportableState.state": "(self)",
}
"""Parameters of each part of transformers, as of `CHECKED`."""


def part(path: str) -> Any:
    module, names = path.split(":")
    return reduce(getattr, names.split("."), importlib.import_module(module))


def digest(function: Any) -> str:
    return hashlib.sha256(inspect.getsource(function).encode()).hexdigest()[:12]


@pytest.mark.parametrize("path", SOURCES)
def test_trl_is_what_was_checked(path: str) -> None:
    assert digest(part(path)) == SOURCES[path], (
        f"{path} of TRL {version('trl')} is not that of {CHECKED['trl']}: see what changed and "
        "whether `trl_compat` still does what it says, then renew the digest and `CHECKED`."
    )


@pytest.mark.parametrize("path", SIGNATURES)
def test_transformers_is_what_was_checked(path: str) -> None:
    names = ", ".join(inspect.signature(part(path)).parameters)
    assert f"({names})" == SIGNATURES[path]


def test_attributes_that_are_set_are_read(tmp_path: Path) -> None:
    arguments = TrainingArguments(output_dir=str(tmp_path), use_cpu=True)
    assert arguments.n_gpu == arguments._n_gpu
    assert "self._created_lr_scheduler" in inspect.getsource(Trainer)
    assert "stateful_callbacks" in inspect.getsource(TrainerState)


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
