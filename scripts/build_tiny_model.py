"""Pretrain the tiny base model that ships with the package, from generated text alone.

    python scripts/build_tiny_model.py rl_explain/tiny

A Qwen3 of about two million parameters with its own byte-level tokenizer. It learns to copy, list,
choose and sort titles and to read which embeddings lie close to one another (`tiny_worlds.py`),
then to answer the project's prompts about generated recommenders (`tiny_prompts.py`). No catalogue
and no recommender that a run explains is among what it sees. Training runs in bfloat16, compiled;
any recent CPU will do.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
import torch
from tiny_prompts import write_prompts
from tiny_worlds import END, MAX_DIM, Lexicon, Text, draw_world, write_sequence
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
STAGES = ((SHORT, 0.22, 0.0), (LONG, 0.22, 0.3), (LONG, 0.56, 0.65))
"""Tokens of a sequence, share of the steps, and share of the sequences that hold prompts."""
SCORED = 0.35
"""Share of a sequence that is predicted: answers first, others as far as there is room."""
VIRTUAL_NORM = 1.0
ROPE_THETA = 1e7
"""Turns most pairs of a head slowly, so that embeddings compare alike near and far."""
GLUE = ["of", "of the", "and", "in the", "for", "The", "2", "3", "II", "III", "4", "HD", "64"]
"""Words that join others in titles."""
RECORD = "training.json"
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


def title_words() -> list[str]:
    """Words that titles are made of, capitalised."""
    listed = map(str.capitalize, read_words("tiny_words.txt"))
    return list(dict.fromkeys([*listed, *demo.ADJECTIVES, *demo.NOUNS]))


def _pieces(tokenizer: PreTrainedTokenizerFast) -> list[str]:
    """What the tokens of the vocabulary spell, where a title may hold it."""
    spelled = [tokenizer.decode([token]).strip() for token in range(2, len(tokenizer))]
    return sorted(
        {s for s in spelled if s.isprintable() and not set(s) & set('";<>|\ufffd')} - {""}
    )


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
    for word in words:
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


Arrays = tuple[np.ndarray, np.ndarray, np.ndarray]


class Sequences(IterableDataset):
    """Endless seeded sequences, each four tensors.

    Ids (T,) with -1 for embeddings, embeddings (T, MAX_DIM), predicted positions (S,) and their
    loss weights (S,).
    """

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerFast,
        seed: int,
        length: int,
        prompts: float = 0.0,
    ) -> None:
        self.tokenizer, self.seed, self.length, self.prompts = tokenizer, seed, length, prompts
        self.lexicon = Lexicon(
            title_words(), _pieces(tokenizer), VALUES, read_words("tiny_prose.txt")
        )

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        rng = np.random.default_rng(self.seed)
        packed = self._packed(rng)
        while True:
            if rng.random() < self.prompts:
                ids, vectors, weights = next(packed)
            else:
                world = draw_world(self.lexicon, rng, small=self.length == SHORT)
                ids, vectors, weights = self._arrays(write_sequence(world, 24))
            order = np.argsort(-(weights + 0.01 * rng.random(self.length)))
            scored = order[order > 0][: int(SCORED * self.length)]
            yield tuple(map(torch.from_numpy, (ids, vectors, scored, weights[scored])))

    def _packed(self, rng: np.random.Generator) -> Iterator[Arrays]:
        """Prompts one after the other, as many as fit into a sequence, none cut."""
        rows: list[Arrays] = []
        room = self.length
        for text in write_prompts(self.lexicon, rng):
            arrays = self._arrays(text)
            used = int(arrays[2].nonzero()[0][-1]) + 1
            if used > room:
                yield self._joined(rows)
                rows, room = [], self.length
            rows.append((arrays[0][:used], arrays[1][:used], arrays[2][:used]))
            room -= used

    def _joined(self, rows: list[Arrays]) -> Arrays:
        whole = self._arrays(Text())
        for part, pieces in zip(whole, zip(*rows, strict=True), strict=True):
            joined = np.concatenate(pieces)
            part[: len(joined)] = joined
        return whole

    def _arrays(self, text: Text) -> Arrays:
        """Ids, embeddings and loss weights of a text, cut or padded to `length`."""
        ids = np.zeros(self.length, dtype=np.int64)
        vectors = np.zeros((self.length, MAX_DIM), dtype=np.float32)
        weights = np.zeros(self.length, dtype=np.float32)
        at = 0
        for run, answer in _runs(text):
            if isinstance(run, np.ndarray):
                ids[at], vectors[at] = -1, run
                at += 1
            else:
                tokens = self._encode(run)[: self.length - at]
                ids[at : at + len(tokens)] = tokens
                weights[at : at + len(tokens)] = 1.0 if answer else 0.05
                at += len(tokens)
            if at >= self.length:
                break
        return ids, vectors, weights

    @cached_property
    def _encode(self) -> Callable[[str], tuple[int, ...]]:
        return lru_cache(maxsize=200_000)(
            lambda piece: tuple(self.tokenizer.encode(piece, add_special_tokens=False))
        )


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
    parser.add_argument("--steps", type=int, default=3600)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--batch", type=int, default=16, help="sequences a step; small worlds twice as many"
    )
    parser.add_argument("--peak", type=float, default=2e-3, help="learning rate")
    parser.add_argument("--first", type=int, default=0, help="stage to begin with, after a break")
    args = parser.parse_args()
    build(args.out, args.steps, args.seed, args.batch, args.peak, args.first)
