"""Pretrain the tiny base model that ships with the package, from generated text alone.

    python scripts/build_tiny_model.py rl_explain/tiny

A Qwen3 of about two million parameters with its own byte-level tokenizer. It learns to copy, list,
choose and sort titles and to read which embeddings lie close to one another (`worlds.py`,
`questions.py` and `drills.py` in `tiny_base/`), then to answer the project's prompts about
generated recommenders (`prompts.py`). No catalogue and no recommender that a run explains is among
what it sees. Training runs in bfloat16, compiled; any recent CPU will do.
"""

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from tiny_base.sequences import LONG, SHORT, Sequences
from tiny_base.tokenizer import VOCABULARY, title_words, train_tokenizer
from tiny_base.worlds import MAX_DIM
from torch import Tensor, nn
from torch.utils.data import DataLoader
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

from rl_explain.alignment.connectors import Connector

STAGES = ((SHORT, 0.15, 0.0), (LONG, 0.2, 0.3), (LONG, 0.65, 0.75))
"""Tokens of a sequence, share of the steps, and share of the sequences that hold prompts."""
VIRTUAL_NORM = 1.0
ROPE_THETA = 1e7
"""Turns most pairs of a head slowly, so that embeddings compare alike near and far."""
RECORD = "training.json"


class Reader(nn.Module):
    """The model over ids and embeddings; the connector at its start, frozen, places embeddings."""

    def __init__(self, model: Qwen3ForCausalLM) -> None:
        super().__init__()
        self.model = model
        self.place = Connector(MAX_DIM, model.config.hidden_size, VIRTUAL_NORM).requires_grad_(
            False
        )

    def forward(
        self, ids: Tensor, vectors: Tensor, scored: Tensor, weights: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Weighted loss over the scored positions, and the share of answers that are right."""
        words = self.model.get_input_embeddings()(ids.clamp(min=0))
        embeds = torch.where((ids < 0).unsqueeze(-1), self.place(vectors), words)
        hidden = self.model.model(inputs_embeds=embeds, use_cache=False).last_hidden_state
        at = (scored - 1).unsqueeze(-1).expand(-1, -1, hidden.shape[-1])
        logits = self.model.lm_head(hidden.gather(1, at)).float()  # (B, S, V)
        target = ids.gather(1, scored).clamp(min=0)
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), target.flatten(), reduction="none")
        answers = (weights == 1).float()
        right = ((logits.argmax(-1) == target) * answers).sum() / answers.sum()
        return (loss * weights.flatten()).sum() / weights.sum(), right


def build(out: Path, steps: int, seed: int, batch: int, peak: float, first: int) -> None:
    """Train for `steps` and save the model, its tokenizer and a record of the training.

    Args:
        first: stage to begin with, 0 for all; `out` holds what the stages before it left.
    """
    torch.manual_seed(seed)
    torch.set_num_threads(2)
    tokenizer = train_tokenizer(title_words())
    model = Qwen3ForCausalLM(
        Qwen3Config(
            vocab_size=VOCABULARY,
            hidden_size=192,
            intermediate_size=512,
            num_hidden_layers=4,
            num_attention_heads=4,
            num_key_value_heads=2,
            head_dim=64,
            rope_theta=ROPE_THETA,
            max_position_embeddings=2048,
            tie_word_embeddings=True,
            pad_token_id=tokenizer.pad_token_id,
            eos_token_id=tokenizer.eos_token_id,
            bos_token_id=None,
        )
    )
    model.config.virtual_token_norm = VIRTUAL_NORM
    history = []
    if first:
        model.load_state_dict(
            Qwen3ForCausalLM.from_pretrained(out, dtype=torch.float32).state_dict()
        )
        history = json.loads((out / RECORD).read_text())
    reader = torch.compile(Reader(model))
    for stage in range(first, len(STAGES)):
        length, share, prompts = STAGES[stage]
        data = Sequences(tokenizer, seed + stage, length, prompts)
        loader = DataLoader(data, batch_size=batch * (1 + (length == SHORT)), num_workers=1)
        last = stage == len(STAGES) - 1
        history += train(reader, iter(loader), round(share * steps), peak, decay=last)
        save(model, tokenizer, history, out)


def save(
    model: Qwen3ForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    history: list[dict[str, float]],
    out: Path,
) -> None:
    """Write the model in bfloat16, its tokenizer, and the record of its training."""
    out.mkdir(parents=True, exist_ok=True)
    weights = {name: w.to(torch.bfloat16) for name, w in model.state_dict().items()}
    model.save_pretrained(out, state_dict=weights)
    tokenizer.save_pretrained(out)
    (out / RECORD).write_text(json.dumps(history, indent=1) + "\n")


def train(
    reader: nn.Module, loader: Iterator[list[Tensor]], steps: int, peak: float, decay: bool
) -> list[dict[str, float]]:
    """Warm up, hold and, with `decay`, fall to zero over the last half; a record every 50 steps."""
    optimizers = _optimizers(reader, peak)
    start, history, seen = time.time(), [], []
    for step in range(1, steps + 1):
        share = min(1.0, step / 50, 2 * (steps - step) / steps if decay else 1.0)
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = share * group["initial_lr"]
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss, right = reader(*next(loader))
        loss.backward()
        nn.utils.clip_grad_norm_(reader.parameters(), 1.0)
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad()
        seen.append((loss.item(), right.item()))
        if step % 50 == 0:
            mean = np.mean(seen, axis=0)
            history.append(
                {
                    "step": step,
                    "seconds": round(time.time() - start),
                    "loss": round(mean[0], 4),
                    "answers_right": round(mean[1], 4),
                }
            )
            print(json.dumps(history[-1]), flush=True)
            seen = []
    return history


def _optimizers(reader: nn.Module, peak: float) -> list[torch.optim.Optimizer]:
    """Muon for the matrices inside the layers, Adam for embeddings and norms."""
    trained = [(name, p) for name, p in reader.named_parameters() if p.requires_grad]
    inner = [p for name, p in trained if p.ndim == 2 and "embed" not in name]
    outer = [p for name, p in trained if p.ndim != 2 or "embed" in name]
    optimizers: list[torch.optim.Optimizer] = [
        torch.optim.Muon(inner, lr=peak, weight_decay=0.0, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(outer, lr=peak, betas=(0.9, 0.95), fused=True),
    ]
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["initial_lr"] = peak
    return optimizers


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=4800)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--batch", type=int, default=16, help="sequences a step; small worlds twice as many"
    )
    parser.add_argument("--peak", type=float, default=2e-3, help="learning rate")
    parser.add_argument("--first", type=int, default=0, help="stage to begin with, after a break")
    args = parser.parse_args()
    build(args.out, args.steps, args.seed, args.batch, args.peak, args.first)
