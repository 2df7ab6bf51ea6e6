"""Constrained decoding: an answer can quote only titles that its prompt quotes.

A language model that copies a long title sometimes drifts and invents one. Texts always put titles
in double quotes, so a context-free grammar can prevent that: any words and, in quotes, only what
the prompt quotes. Tokens that violate the grammar get probability 0 (Willard and Louf 2023, arXiv
2307.09702; implemented by `llguidance`, for fast tokenizers).

Words outside quotes, including attributes, are unconstrained. An answer cut off at the maximum
length may end inside a title.
"""

import json
import re
from collections.abc import Sequence

import torch
from llguidance import LLMatcher, LLTokenizer
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


class TitleConstraint:
    """Builds title constraints for one model's tokens.

    Args:
        tokenizer: the base model's, without virtual tokens, which answers never contain.
        vocab_size: rows of the model's output head.

    Raises:
        UserError: `llguidance` cannot read the tokenizer.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, vocab_size: int) -> None:
        try:
            self._tokens = from_tokenizer(tokenizer, n_vocab=vocab_size, slices=[])  # type: ignore[arg-type]
        except ValueError as error:
            raise UserError(
                f"constrained decoding cannot use this tokenizer ({error}): set "
                "constrained_decoding=false in the groups evaluation, training.ppo and "
                "training.pairs of a run, and give --free to `explain`."
            ) from None

    def of(self, prompts: Sequence[str]) -> "PromptTitles":
        """The constraint on answers to plain prompts, before any chat template."""
        titles = [list(dict.fromkeys(QUOTED.findall(prompt))) for prompt in prompts]
        return PromptTitles(self._tokens, titles)


class PromptTitles:
    """The titles that answers to a list of prompts may quote.

    The answer to a prompt without quotes, as in the form *intention*, is unconstrained.
    """

    def __init__(self, tokens: LLTokenizer, titles: Sequence[Sequence[str]]) -> None:
        self._tokens = tokens
        self._titles = titles

    def processor(self, rows: Sequence[int], width: int) -> LogitsProcessor:
        """The logits processor of a batch.

        Args:
            rows: indices of the batch's prompts.
            width: tokens of the batch's prompts, including padding.
        """
        return _OnlyTitles([self._matcher(self._titles[row]) for row in rows], width)

    def allowed(self, completions: Tensor, mask: Tensor) -> Tensor:
        """The tokens allowed at every position of answers to all prompts, as bit masks.

        Args:
            completions: (N, C) one answer per prompt, generated under its constraint.
            mask: (N, C), true for the answer's tokens, which come first.

        Returns:
            (N, C, bytes) uint8, one bit per token of the vocabulary, as `unpacked` reads it; all
            tokens are allowed where the mask is false.

        Raises:
            ValueError: an answer violates its constraint.
        """
        width = -(-self._tokens.vocab_size // 8)
        found = torch.full((*completions.shape, width), 255, dtype=torch.uint8)
        for row, titles in enumerate(self._titles):
            matcher = self._matcher(titles)
            if matcher is None:
                continue
            for place, token in enumerate(completions[row][mask[row]].tolist()):
                found[row, place] = _bits(matcher)[:width]  # `llguidance` pads its masks
                matcher.consume_token(token)
            _sound(matcher)
        return found.to(completions.device)

    def _matcher(self, titles: Sequence[str]) -> LLMatcher | None:
        if not titles:
            return None
        options = " | ".join(json.dumps(title, ensure_ascii=False) for title in titles)
        return _sound(LLMatcher(self._tokens, GRAMMAR.format(titles=options)))


class _OnlyTitles(LogitsProcessor):
    """Gives probability 0 to tokens that a row's grammar does not allow next."""

    def __init__(self, matchers: Sequence[LLMatcher | None], width: int) -> None:
        self._matchers = matchers
        self._known = width  # leading tokens of a row that matchers have read or skip

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:  # type: ignore[override]
        """Mask the scores (B, V) of the token after `input_ids` (B, T)."""
        new = input_ids[:, self._known :].tolist()
        self._known = input_ids.shape[1]
        blocked = torch.zeros(scores.shape, dtype=torch.bool)
        for row, (matcher, tokens) in enumerate(zip(self._matchers, new, strict=True)):
            if matcher is None:
                continue
            for token in tokens:
                if not matcher.is_stopped():  # ended answers are padded
                    matcher.consume_token(token)
            if not _sound(matcher).is_stopped():
                blocked[row] = ~unpacked(_bits(matcher), scores.shape[1])
        return scores.masked_fill(blocked.to(scores.device), -torch.inf)


def _sound(matcher: LLMatcher) -> LLMatcher:
    """The matcher; `ValueError` if it failed, since a failed matcher allows everything."""
    if matcher.is_error():
        raise ValueError(f"constrained decoding failed: {matcher.get_error()}")
    return matcher


def _bits(matcher: LLMatcher) -> Tensor:
    """Which tokens may come next: (bytes,) uint8."""
    return torch.frombuffer(bytearray(matcher.compute_bitmask()), dtype=torch.uint8)


def unpacked(bits: Tensor, vocab_size: int) -> Tensor:
    """Whether each token may come next: (..., bytes) uint8 to (..., vocab_size) bool."""
    places = torch.arange(8, dtype=torch.uint8, device=bits.device)
    return (bits.unsqueeze(-1) >> places & 1).bool().flatten(-2)[..., :vocab_size]
