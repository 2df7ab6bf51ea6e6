"""Answers whose quoted titles are titles of their prompt: grounding by constrained decoding.

A language model that copies a long title now and then leaves its track and invents one. Titles
stand in double quotes wherever a text names them, so a grammar can see to it: any words and, in
quotes, only what the prompt quotes. Tokens that no answer of the grammar goes on with get no
probability (Willard and Louf 2023, arXiv 2307.09702; here by `llguidance`, for fast tokenizers).

Words without quotes, attributes among them, stay free; an answer that is cut off at its longest may
end within a title.
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
                f"this tokenizer cannot restrict titles to the prompt ({error}): set "
                "constrained_decoding=false in the groups evaluation, training.ppo and "
                "training.pairs of a run, and give --free to `explain`."
            ) from None

    def of(self, prompts: Sequence[str]) -> "PromptTitles":
        """For answers to plain prompts, as they are before a chat template puts words around."""
        titles = [list(dict.fromkeys(QUOTED.findall(prompt))) for prompt in prompts]
        return PromptTitles(self._tokens, titles)


class PromptTitles:
    """The titles that answers to some prompts may quote.

    A prompt that quotes nothing, as in the form *intention*, leaves its answer free.
    """

    def __init__(self, tokens: LLTokenizer, titles: Sequence[Sequence[str]]) -> None:
        self._tokens = tokens
        self._titles = titles

    def processor(self, rows: Sequence[int], width: int) -> LogitsProcessor:
        """For a batch.

        Args:
            rows: the prompts of the batch, by their places among all.
            width: tokens of the batch's prompts, padding included.
        """
        return _OnlyTitles([self._matcher(self._titles[row]) for row in rows], width)

    def allowed(self, completions: Tensor, mask: Tensor) -> Tensor:
        """What could stand at every token of answers to all prompts, a bit for each of the
        vocabulary.

        Args:
            completions: (N, C) an answer to each prompt, which its titles allow; `mask` (N, C) true
                for its tokens, which come first.

        Returns:
            (N, C, bytes) uint8, as `unpacked` reads it; everything outside the mask.
        """
        width = -(-self._tokens.vocab_size // 8)
        found = torch.full((*completions.shape, width), 255, dtype=torch.uint8)
        for row, titles in enumerate(self._titles):
            matcher = self._matcher(titles)
            if matcher is None:
                continue
            for place, token in enumerate(completions[row][mask[row]].tolist()):
                found[row, place] = _bits(matcher)[:width]  # masks end in spare bytes
                matcher.consume_token(token)
            _sound(matcher)
        return found.to(completions.device)

    def _matcher(self, titles: Sequence[str]) -> LLMatcher | None:
        if not titles:
            return None
        options = " | ".join(json.dumps(title, ensure_ascii=False) for title in titles)
        return _sound(LLMatcher(self._tokens, GRAMMAR.format(titles=options)))


class _OnlyTitles(LogitsProcessor):
    """Takes every probability from tokens that a row's grammar does not allow next."""

    def __init__(self, matchers: Sequence[LLMatcher | None], width: int) -> None:
        self._matchers = matchers
        self._known = width  # tokens of a row that the matchers have seen, or need not see

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:  # type: ignore[override]
        """Scores (B, V) of what follows the ids (B, T)."""
        new = input_ids[:, self._known :].tolist()
        self._known = input_ids.shape[1]
        blocked = torch.zeros(scores.shape, dtype=torch.bool)
        for row, (matcher, tokens) in enumerate(zip(self._matchers, new, strict=True)):
            if matcher is None:
                continue
            for token in tokens:
                if not matcher.is_stopped():  # an ended answer is padded
                    matcher.consume_token(token)
            if not _sound(matcher).is_stopped():
                blocked[row] = ~unpacked(_bits(matcher), scores.shape[1])
        return scores.masked_fill(blocked.to(scores.device), -torch.inf)


def _sound(matcher: LLMatcher) -> LLMatcher:
    """The matcher; `ValueError` where it failed, since it would then allow everything."""
    if matcher.is_error():
        raise ValueError(f"titles cannot be held to the prompt's: {matcher.get_error()}")
    return matcher


def _bits(matcher: LLMatcher) -> Tensor:
    """Which tokens may come next: (bytes,) uint8."""
    return torch.frombuffer(bytearray(matcher.compute_bitmask()), dtype=torch.uint8)


def unpacked(bits: Tensor, vocab_size: int) -> Tensor:
    """Whether each token may come next, (..., vocab_size) bool, of (..., bytes) uint8."""
    places = torch.arange(8, dtype=torch.uint8, device=bits.device)
    return (bits.unsqueeze(-1) >> places & 1).bool().flatten(-2)[..., :vocab_size]
