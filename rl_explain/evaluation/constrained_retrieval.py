"""Beam search restricted to titles of the catalogue."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor
from transformers import PreTrainedTokenizerBase


class TitleTrie:
    """The tokens that may follow if an answer must be a single quoted title.

    Used as `prefix_allowed_tokens_fn` of `transformers`, which sees prompt and answer as one row of
    ids. The answer is the longest suffix of the row that starts a title. It cannot reach back into
    the prompt: the prompt's last token (a newline, a chat template token) is in no title.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, titles: Sequence[str]) -> None:
        self._root: dict[int, Any] = {}
        self._end: int = tokenizer.eos_token_id  # type: ignore[assignment]
        self.depth = 0
        """Tokens of the longest title, including quotes and end token."""
        for title in titles:
            self._add([*tokenizer.encode(f'"{title}"', add_special_tokens=False), self._end])

    def __call__(self, batch_id: int, ids: Tensor) -> list[int]:
        """The tokens that may follow `ids` (T,); after a complete title only the end token."""
        recent = ids[-self.depth :].tolist()
        for start in range(len(recent)):
            node = self._walk(recent[start:])
            if node is not None:
                return list(node) or [self._end]
        return list(self._root)

    def _add(self, tokens: Sequence[int]) -> None:
        node = self._root
        for token in tokens:
            node = node.setdefault(token, {})
        self.depth = max(self.depth, len(tokens))

    def _walk(self, tokens: Sequence[int]) -> dict[int, Any] | None:
        node: dict[int, Any] | None = self._root
        for token in tokens:
            node = None if node is None else node.get(token)
        return node
