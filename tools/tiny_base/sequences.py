"""Endless training sequences: generated text as token ids, embeddings and loss weights."""

from collections.abc import Callable, Iterator
from functools import cached_property, lru_cache

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import IterableDataset, get_worker_info
from transformers import PreTrainedTokenizerFast

from tools.tiny_base.drills import write_pairs, write_verdicts
from tools.tiny_base.prompts import write_prompts
from tools.tiny_base.questions import write_list
from tools.tiny_base.tokenizer import VALUES, pieces, read_words, title_words
from tools.tiny_base.worlds import MAX_DIM, Lexicon, Text, World, draw_world

SHORT, LONG = 160, 384
"""Tokens per sequence: `SHORT` for small worlds first, then `LONG`."""
SCORED = 0.35
"""Share of a sequence's tokens that are predicted: answers first, then others."""
WAITING = 24
"""Number of prompts kept ready to fill the rest of a sequence."""
KINDS: dict[Callable[[World], Text], float] = {
    write_list: 0.5,
    write_pairs: 0.3,
    write_verdicts: 0.2,
}
"""Kinds of sequences about worlds, with their probabilities."""
Arrays = tuple[np.ndarray, np.ndarray, np.ndarray]


class Sequences(IterableDataset):
    """Endless seeded sequences, different in each data-loading worker.

    Each is four tensors: ids (T,) with -1 for embeddings, embeddings (T, MAX_DIM), predicted
    positions (S,) and their loss weights (S,).

    Args:
        length: T, tokens per sequence.
        prompts: share of sequences with prompts.
    """

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerFast,
        seed: int,
        length: int,
        prompts: float = 0.0,
    ) -> None:
        self.tokenizer, self.seed, self.length, self.prompts = tokenizer, seed, length, prompts
        self.lexicon = Lexicon(title_words(), pieces(tokenizer), VALUES, read_words("prose.txt"))

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        worker = get_worker_info()
        rng = np.random.default_rng([self.seed, 0 if worker is None else worker.id])
        packed = self._packed(rng)
        while True:
            if rng.random() < self.prompts:
                ids, vectors, weights = next(packed)
            else:
                world = draw_world(self.lexicon, rng, small=self.length == SHORT)
                write = rng.choice(list(KINDS), p=list(KINDS.values()))
                ids, vectors, weights = self._arrays(write(world))
            order = np.argsort(-(weights + 0.01 * rng.random(self.length)))
            scored = order[order > 0][: int(SCORED * self.length)]
            yield tuple(map(torch.from_numpy, (ids, vectors, scored, weights[scored])))

    def _packed(self, rng: np.random.Generator) -> Iterator[Arrays]:
        """Sequences packed with whole prompts, as many as fit."""
        texts = map(self._used, write_prompts(self.lexicon, rng))
        waiting = [next(texts) for _ in range(WAITING)]
        while True:
            rows = [waiting.pop(0)]
            room = self.length - len(rows[0][0])
            while fitting := [i for i, row in enumerate(waiting) if len(row[0]) <= room]:
                rows.append(waiting.pop(max(fitting, key=lambda i: len(waiting[i][0]))))
                room -= len(rows[-1][0])
            waiting += [next(texts) for _ in rows]
            yield self._joined(rows)

    def _used(self, text: Text) -> Arrays:
        """The arrays of a text up to its last token."""
        ids, vectors, weights = self._arrays(text)
        used = int(weights.nonzero()[0][-1]) + 1
        return ids[:used], vectors[:used], weights[:used]

    def _joined(self, rows: list[Arrays]) -> Arrays:
        whole = self._arrays(Text())
        for part, parts in zip(whole, zip(*rows, strict=True), strict=True):
            joined = np.concatenate(parts)
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
    """Join neighbouring text pieces of the same kind, so that they are tokenized as one text."""
    joined, kind = "", False
    for piece, answer in zip(text.pieces, text.answers, strict=True):
        if isinstance(piece, str) and answer == kind:
            joined += piece
            continue
        # A virtual token absorbs the space before it, like the tokenizer's virtual tokens.
        joined = joined if isinstance(piece, str) else joined.removesuffix(" ")
        if joined:
            yield joined, kind
        joined, kind = (piece, answer) if isinstance(piece, str) else ("", False)
        if not isinstance(piece, str):
            yield piece, False
    if joined:
        yield joined, kind
