"""Pretrain the tiny base model that ships with the package, from generated text alone.

    python scripts/build_tiny_model.py rl_explain/tiny --steps 2300

A Qwen3 of about two million parameters with its own byte-level tokenizer. It learns to copy, list,
choose and sort titles, and to read which embeddings lie close to one another (`tiny_worlds.py`);
it never sees a prompt or an explanation of the project. Training runs in bfloat16, compiled; any
recent CPU will do.
"""

import argparse
import json
import time
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from tiny_worlds import END, MAX_DIM, Text, draw_world, write_sequence
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

from rl_explain.alignment.connectors import Connector
from rl_explain.data import demo

HERE = Path(__file__).parent
VOCABULARY = 4096
SHORT, LONG = 160, 384
"""Tokens of a sequence: small worlds first, then full ones."""
SCORED = 0.35
"""Share of a sequence that is predicted: answers first, others as far as there is room."""
VIRTUAL_NORM = 1.0
GLUE = ["of", "of the", "and", "in the", "for", "The", "2", "3", "II", "III", "4", "HD", "64"]
"""Words that join others in titles."""
PAD = "<|pad|>"
VALUES = (
    "action adventure animation arcade biography children classic comedy crime documentary "
    "drama family fantasy fighting historical history horror modern music musical mystery noir "
    "platform puzzle racing retro romance sport simulation strategy thriller war western "
    "seafaring polar desert urban rural alpine tropical medieval futuristic gothic pastoral "
    "nautical culinary heist courtroom haunted magical political military scientific epic quiet "
    "dark bright cozy"
).split()


def read_words(name: str) -> list[str]:
    """The words of a list beside this script; lines that start with # are comments."""
    lines = (HERE / name).read_text().splitlines()
    return " ".join(line for line in lines if not line.startswith("#")).split()


def train_tokenizer(words: list[str]) -> PreTrainedTokenizerFast:
    """Byte-level BPE; quotes stand alone, so a title has the same tokens wherever it stands."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r' ?"'), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[PAD, END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_tokenizer_text(words), trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token=PAD, eos_token=END, padding_side="left"
    )


def _tokenizer_text(words: list[str]) -> Iterator[str]:
    """Words in the forms in which prompts and answers use them."""
    for word in map(str.capitalize, words):
        yield f' "{word} {word} {word}" "{word}"'
    for word in VALUES:
        yield f" {word} ({word}, {word});" * 6
    for word in demo.ADJECTIVES + demo.NOUNS:
        yield f' "{word} {word}" "The {word}"' * 6
    for word in read_words("tiny_prose.txt"):
        yield f" {word}" * 20
        if word[0].isupper():
            yield f"\n{word}" * 20
    for word in GLUE:
        yield f" {word}" * 20 + f' "{word}"' * 20
    for year in range(1940, 2026):
        yield f" ({year})" * 2


class Sequences(IterableDataset):
    """Endless seeded sequences, each four tensors.

    Ids (T,) with -1 for embeddings, embeddings (T, MAX_DIM), predicted positions (S,) and their
    loss weights (S,).
    """

    def __init__(
        self, tokenizer: PreTrainedTokenizerFast, words: list[str], seed: int, length: int
    ) -> None:
        self.tokenizer, self.words, self.seed, self.length = tokenizer, words, seed, length
        self.prose = read_words("tiny_prose.txt")

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        rng = np.random.default_rng(self.seed)
        encode = lru_cache(maxsize=200_000)(
            lambda piece: tuple(self.tokenizer.encode(piece, add_special_tokens=False))
        )
        while True:
            world = draw_world(self.words, self.prose, VALUES, rng, small=self.length == SHORT)
            ids, vectors, weights = self._arrays(write_sequence(world, 24), encode)
            order = np.argsort(-(weights + 0.01 * rng.random(self.length)))
            scored = order[order > 0][: int(SCORED * self.length)]
            yield tuple(map(torch.from_numpy, (ids, vectors, scored, weights[scored])))

    def _arrays(self, text: Text, encode) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        ids = np.zeros(self.length, dtype=np.int64)
        vectors = np.zeros((self.length, MAX_DIM), dtype=np.float32)
        weights = np.zeros(self.length, dtype=np.float32)
        at = 0
        for run, answer in _runs(text):
            if isinstance(run, np.ndarray):
                ids[at], vectors[at] = -1, run
                at += 1
            else:
                tokens = encode(run)[: self.length - at]
                ids[at : at + len(tokens)] = tokens
                weights[at : at + len(tokens)] = 1.0 if answer else 0.05
                at += len(tokens)
            if at >= self.length:
                break
        return ids, vectors, weights


def _runs(text: Text) -> Iterator[tuple[str | np.ndarray, bool]]:
    """Neighbouring pieces of text joined, so that they are split as running text would be."""
    joined, kind = "", False
    for piece, answer in zip(text.pieces, text.answers, strict=True):
        if isinstance(piece, str) and answer == kind:
            joined += piece
            continue
        # A virtual token takes the space before it, as the tokenizer's virtual tokens do.
        joined = joined if isinstance(piece, str) else joined.removesuffix(" ")
        if joined:
            yield joined, kind
        joined, kind = (piece, answer) if isinstance(piece, str) else ("", False)
        if not isinstance(piece, str):
            yield piece, False
    if joined:
        yield joined, kind


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


def build(out: Path, steps: int, seed: int, batch: int, peak: float) -> None:
    """Train for `steps` and save the model, its tokenizer and a record of the training."""
    torch.manual_seed(seed)
    torch.set_num_threads(2)
    words = read_words("tiny_words.txt")
    tokenizer = train_tokenizer(words)
    model = Qwen3ForCausalLM(
        Qwen3Config(
            vocab_size=VOCABULARY,
            hidden_size=192,
            intermediate_size=512,
            num_hidden_layers=4,
            num_attention_heads=4,
            num_key_value_heads=2,
            head_dim=64,
            rope_theta=100_000.0,
            max_position_embeddings=2048,
            tie_word_embeddings=True,
            pad_token_id=tokenizer.pad_token_id,
            eos_token_id=tokenizer.eos_token_id,
            bos_token_id=None,
        )
    )
    model.config.virtual_token_norm = VIRTUAL_NORM
    reader = torch.compile(Reader(model))
    history = []
    for stage, (length, share, rows) in enumerate([(SHORT, 0.25, 2 * batch), (LONG, 0.75, batch)]):
        data = Sequences(tokenizer, words, seed + stage, length)
        loader = iter(DataLoader(data, batch_size=rows, num_workers=1))
        history += train(reader, loader, round(share * steps), peak, decay=length == LONG)
    out.mkdir(parents=True, exist_ok=True)
    model.to(torch.bfloat16).save_pretrained(out)
    tokenizer.save_pretrained(out)
    (out / "training.json").write_text(json.dumps(history, indent=1) + "\n")


def train(
    reader: nn.Module, loader: Iterator[list[Tensor]], steps: int, peak: float, decay: bool
) -> list[dict[str, float]]:
    """Warm up, hold and, with `decay`, fall to zero over the last half; a record every 50 steps."""
    optimizer = torch.optim.AdamW(
        [p for p in reader.parameters() if p.requires_grad], lr=peak, betas=(0.9, 0.95), fused=True
    )
    start, history, seen = time.time(), [], []
    for step in range(1, steps + 1):
        rate = peak * min(1.0, step / 50, 2 * (steps - step) / steps if decay else 1.0)
        for group in optimizer.param_groups:
            group["lr"] = rate
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss, right = reader(*next(loader))
        loss.backward()
        nn.utils.clip_grad_norm_(reader.parameters(), 1.0)
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


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=2300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--batch", type=int, default=16, help="sequences a step; small worlds twice as many"
    )
    parser.add_argument("--peak", type=float, default=2e-3, help="learning rate")
    args = parser.parse_args()
    build(args.out, args.steps, args.seed, args.batch, args.peak)
