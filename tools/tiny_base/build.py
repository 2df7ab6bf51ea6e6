"""Pretrains the tiny base model that ships with the package, on generated text only.

    python -m tools.tiny_base.build rl_explain/tiny

A Qwen3 of about two million parameters with its own byte-level tokenizer. It learns to copy, list,
choose and sort titles and to compare embeddings (`worlds.py`, `questions.py`, `drills.py`), then to
answer the project's prompts about generated recommenders (`prompts.py`). An auxiliary loss trains
inner layers to predict dot products (`products.py`). The model never sees a catalogue or
recommender that a run explains. Training runs compiled in bfloat16, on a GPU if available; any
recent CPU works.
"""

import argparse
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

from rl_explain.explainer.connectors import Connector
from tools.tiny_base.products import Products
from tools.tiny_base.sequences import LONG, SHORT, Sequences
from tools.tiny_base.tokenizer import VOCABULARY, title_words, train_tokenizer
from tools.tiny_base.worlds import MAX_DIM

STAGES = ((0.15, SHORT, 0.0), (0.35, LONG, 0.3), (1.0, LONG, 0.75))
"""For each stage: the share of the steps at which it ends, the tokens per sequence, and the share
of sequences with prompts."""
WARM_UP = 50
DECAY = 0.4
"""Share of the steps, at the end, in which the learning rate decays to zero."""
CHUNK = 500
"""Steps per chunk. Each chunk has its own data seed and ends with a checkpoint to resume from."""
LOGGED = 50
VIRTUAL_NORM = 1.0
ROPE_THETA = 1e7
"""Rotates most dimension pairs slowly, so that comparisons depend little on distance."""
PRODUCTS = 0.3
"""Weight of the loss of `Products`."""
RECORD, STATE = "training.json", "state.pt"


class Reader(nn.Module):
    """The model over token ids and embeddings; a frozen connector maps embeddings to its space."""

    def __init__(self, model: Qwen3ForCausalLM) -> None:
        super().__init__()
        self.model = model
        self.place = Connector(MAX_DIM, model.config.hidden_size, VIRTUAL_NORM).requires_grad_(
            False
        )
        self.products = Products(model.config.hidden_size)

    def forward(
        self, ids: Tensor, vectors: Tensor, scored: Tensor, weights: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The weighted loss at scored positions, the loss of `Products`, and answer-token accuracy.

        Args:
            ids: (B, T) token ids, -1 for embeddings.
            vectors: (B, T, MAX_DIM) embeddings.
            scored: (B, S) predicted positions.
            weights: (B, S) weights of their losses.
        """
        words = self.model.get_input_embeddings()(ids.clamp(min=0))
        embeds = torch.where((ids < 0).unsqueeze(-1), self.place(vectors), words)
        read = self.model.model(inputs_embeds=embeds, use_cache=False, output_hidden_states=True)
        hidden = read.last_hidden_state
        at = (scored - 1).unsqueeze(-1).expand(-1, -1, hidden.shape[-1])
        logits = self.model.lm_head(hidden.gather(1, at)).float()  # (B, S, V)
        target = ids.gather(1, scored).clamp(min=0)
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), target.flatten(), reduction="none")
        answers = (weights == 1).float()
        right = ((logits.argmax(-1) == target) * answers).sum() / answers.sum()
        loss = (loss * weights.flatten()).sum() / weights.sum()
        return loss, self.products(read.hidden_states, ids, vectors), right


def build(
    out: Path,
    steps: int,
    seed: int,
    batch: int,
    peak: float,
    start: Path | None = None,
    workers: int = 1,
    device: str = "cpu",
) -> None:
    """Train for `steps` steps; save the model, its tokenizer and a training record.

    Args:
        out: folder to write; also stores the checkpoint of an interrupted run.
        steps: a multiple of `CHUNK`.
        seed: seed of weights and data.
        batch: sequences per step; twice as many for short ones.
        peak: peak learning rate.
        start: folder of a base model to continue from, with data of the last stage only.
        workers: data-loading processes. Each generates different sequences, so the data depend on
            their number.
        device: torch device.
    """
    torch.manual_seed(seed)
    torch.set_num_threads(2)
    tokenizer = train_tokenizer(title_words())
    model, earlier = (_new(tokenizer), []) if start is None else _load(start)
    reader = Reader(model).to(device)
    optimizers = _optimizers(reader, peak)
    history = _resume(out / STATE, reader, optimizers)
    compiled = torch.compile(reader, dynamic=False)  # one compilation for each of two lengths
    stages = STAGES if start is None else STAGES[-1:]
    for begin in range(history[-1]["step"] if history else 0, steps, CHUNK):
        length, prompts = next(rest for end, *rest in stages if begin < end * steps)
        data = Sequences(tokenizer, seed + begin, length, prompts)
        loader = DataLoader(
            data,
            batch_size=batch * (1 + (length == SHORT)),
            num_workers=workers,
            pin_memory=device != "cpu",
        )
        rates = [_rate(step, steps) for step in range(begin + 1, min(begin + CHUNK, steps) + 1)]
        history += train(compiled, optimizers, iter(loader), rates, begin)
        _keep(out / STATE, reader, optimizers, history)
    save(model, tokenizer, earlier + history, out)
    (out / STATE).unlink()


def _new(tokenizer: PreTrainedTokenizerFast) -> Qwen3ForCausalLM:
    """A model with random weights, from torch's global seed."""
    model = Qwen3ForCausalLM(
        Qwen3Config(
            vocab_size=VOCABULARY,
            hidden_size=192,
            intermediate_size=384,
            num_hidden_layers=6,
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
    return model


def _load(folder: Path) -> tuple[Qwen3ForCausalLM, list[dict[str, float]]]:
    """A base model that `save` wrote, and its training record."""
    model = Qwen3ForCausalLM.from_pretrained(folder, dtype=torch.float32)
    return model, json.loads((folder / RECORD).read_text())


def save(
    model: Qwen3ForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    history: list[dict[str, float]],
    out: Path,
) -> None:
    """Write the model in bfloat16, its tokenizer and its training record."""
    weights = {name: w.to(torch.bfloat16) for name, w in model.state_dict().items()}
    del weights["lm_head.weight"]  # tied to the embedding
    model.save_pretrained(out, state_dict=weights)
    tokenizer.save_pretrained(out)
    (out / RECORD).write_text(json.dumps(history, indent=1) + "\n")


def train(
    reader: nn.Module,
    optimizers: list[torch.optim.Optimizer],
    loader: Iterator[list[Tensor]],
    rates: list[float],
    begin: int,
) -> list[dict[str, float]]:
    """Train one step per rate (a share of the peak); return a log entry per `LOGGED` steps."""
    start, history, seen = time.time(), [], []
    device = next(reader.parameters()).device
    for step, rate in enumerate(rates, begin + 1):
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate * group["initial_lr"]
        batch = [part.to(device, non_blocking=True) for part in next(loader)]
        with torch.autocast(device.type, dtype=torch.bfloat16):
            loss, products, right = reader(*batch)
        (loss + PRODUCTS * products).backward()
        nn.utils.clip_grad_norm_(reader.parameters(), 1.0)
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad()
        seen.append(torch.stack([loss, products, right]).detach())
        if len(seen) == LOGGED:
            mean = torch.stack(seen).mean(0).tolist()
            history.append(
                {
                    "step": step,
                    "seconds_of_chunk": round(time.time() - start),
                    "loss": round(mean[0], 4),
                    "products_loss": round(mean[1], 4),
                    "answers_right": round(mean[2], 4),
                }
            )
            print(json.dumps(history[-1]), flush=True)
            seen = []
    return history


def _rate(step: int, steps: int) -> float:
    """Learning rate as a share of the peak: linear warm-up, constant, linear decay to zero."""
    return min(1.0, step / WARM_UP, (steps - step) / (DECAY * steps))


def _keep(
    path: Path,
    reader: Reader,
    optimizers: list[torch.optim.Optimizer],
    history: list[dict[str, float]],
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    state = {
        "reader": reader.state_dict(),
        "optimizers": [optimizer.state_dict() for optimizer in optimizers],
        "history": history,
    }
    torch.save(state, path.with_suffix(".part"))
    path.with_suffix(".part").rename(path)


def _resume(
    path: Path, reader: Reader, optimizers: list[torch.optim.Optimizer]
) -> list[dict[str, float]]:
    """Load the checkpoint of an interrupted run; return its log, empty if there is none."""
    if not path.is_file():
        return []
    device = next(reader.parameters()).device
    state = torch.load(path, map_location=device, weights_only=True)
    reader.load_state_dict(state["reader"])
    for optimizer, kept in zip(optimizers, state["optimizers"], strict=True):
        optimizer.load_state_dict(kept)
    return list(state["history"])


def _optimizers(reader: nn.Module, peak: float) -> list[torch.optim.Optimizer]:
    """Muon for the matrices inside the layers, AdamW for embeddings and norms."""
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
    parser.add_argument("--steps", type=int, default=8_000, help="a multiple of 500")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--batch", type=int, default=16, help="sequences per step; twice as many small worlds"
    )
    parser.add_argument("--peak", type=float, default=2e-3, help="peak learning rate")
    parser.add_argument("--start", type=Path, help="folder of a base to continue from")
    cuda = torch.cuda.is_available()
    cores = os.cpu_count() or 1
    parser.add_argument("--workers", type=int, default=cores - 1 if cuda else 1)
    parser.add_argument("--device", default="cuda" if cuda else "cpu")
    build(**vars(parser.parse_args()))
