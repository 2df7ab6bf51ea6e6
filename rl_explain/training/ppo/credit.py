"""Credits of text parts: their sum per completion, and their assignment to tokens."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from reward_models.credit import Credit


def credit_totals(credits: Sequence[Sequence[Credit]]) -> Tensor:
    """The sum (B,) of each completion's credits."""
    return torch.tensor([float(sum(credit.value for credit in parts)) for parts in credits])


def token_credits(
    ids: Tensor,
    mask: Tensor,
    credits: Sequence[Sequence[Credit]],
    tokenizer: PreTrainedTokenizerBase,
) -> Tensor:
    """The credit (B, T) of each token: that of the text part it belongs to, else 0.

    All tokens of a part are one choice and get the same credit.

    Args:
        ids: (B, T) completions; `mask` (B, T) is true for their tokens, which come first.
        credits: credits of each completion; positions count characters of the decoded text without
            surrounding whitespace.
    """
    found = torch.zeros(ids.shape, device=ids.device)
    for row, parts in enumerate(credits):
        if not parts:
            continue
        texts = _prefixes(ids[row][mask[row]].tolist(), tokenizer)
        blanks = len(texts[-1]) - len(texts[-1].lstrip())
        ends = [len(text) - blanks for text in texts]
        for start, end, value in parts:
            for token, (before, after) in enumerate(pairwise([0, *ends])):
                if before < end and after > start:
                    found[row, token] = value
    return found


def _prefixes(ids: list[int], tokenizer: PreTrainedTokenizerBase) -> list[str]:
    """The decoded text up to and including each token."""
    return tokenizer.batch_decode([ids[: n + 1] for n in range(len(ids))], skip_special_tokens=True)
