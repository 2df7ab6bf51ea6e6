"""Answers whose quoted titles are titles of their prompt: grounding by constrained decoding.

A language model that copies a long title now and then leaves its track and invents one. Titles
stand in double quotes wherever a text names them, so a grammar can see to it: any words and, in
quotes, only what the prompt quotes. Tokens that no answer of the grammar goes on with get no
probability (Willard and Louf 2023, arXiv 2307.09702; here by `llguidance`, for any tokenizer).
"""

import json
import re
from collections.abc import Sequence

import numpy as np
import torch
from llguidance import LLMatcher
from llguidance.hf import from_tokenizer
from torch import Tensor
from transformers import LogitsProcessor, PreTrainedTokenizerBase

from rl_explain.errors import UserError

QUOTED = re.compile(r'"([^"]+)"')
GRAMMAR = """%llguidance {{}}
start: WORDS ("\\"" title "\\"" WORDS)*
WORDS: /[^"]*/
title: {titles}
"""


class TitleGrammar:
    """What answers may say, over the tokens of one model.

    Args:
        tokenizer: of the base model, without virtual tokens, which no answer holds.
        vocab_size: rows of the model's output head.

    Raises:
        UserError: a tokenizer that `llguidance` cannot read.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, vocab_size: int) -> None:
        try:
            self._tokens = from_tokenizer(tokenizer, n_vocab=vocab_size, slices=[])  # type: ignore[arg-type]
        except ValueError as error:
            raise UserError(
                f"titles cannot be held to the prompt's with this tokenizer ({error}): set "
                "evaluation.grounded_decoding=false."
            ) from None

    def processor(self, prompts: Sequence[str], width: int) -> LogitsProcessor:
        """For a batch of prompts, `width` tokens wide with their padding.

        A prompt that quotes nothing, as in the form *intention*, leaves its answer free.
        """
        return _TitlesOfPrompts([self._matcher(prompt) for prompt in prompts], width)

    def _matcher(self, prompt: str) -> LLMatcher | None:
        titles = dict.fromkeys(QUOTED.findall(prompt))
        if not titles:
            return None
        options = " | ".join(json.dumps(title, ensure_ascii=False) for title in titles)
        return LLMatcher(self._tokens, GRAMMAR.format(titles=options))


class _TitlesOfPrompts(LogitsProcessor):
    """Takes every probability from tokens that a row's grammar does not allow next."""

    def __init__(self, matchers: Sequence[LLMatcher | None], width: int) -> None:
        self._matchers = matchers
        self._read = width

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:  # type: ignore[override]
        """Scores (B, V) of what follows the ids (B, T)."""
        new = input_ids[:, self._read :].tolist()
        self._read = input_ids.shape[1]
        blocked = torch.zeros(scores.shape, dtype=torch.bool)
        for row, (matcher, tokens) in enumerate(zip(self._matchers, new, strict=True)):
            if matcher is None:
                continue
            for token in tokens:
                if not matcher.is_stopped():  # an ended answer is padded
                    matcher.consume_token(token)
            if not matcher.is_stopped():
                blocked[row] = _blocked(matcher, scores.shape[1])
        return scores.masked_fill(blocked.to(scores.device), -torch.inf)


def _blocked(matcher: LLMatcher, vocab_size: int) -> Tensor:
    """Whether each token may not come next: (vocab_size,) bool."""
    bits = np.frombuffer(matcher.compute_bitmask(), dtype=np.uint8)
    allowed = np.unpackbits(bits, bitorder="little")[:vocab_size]
    return torch.from_numpy(allowed == 0)
