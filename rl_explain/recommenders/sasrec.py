"""SASRec: self-attentive sequential recommendation (Kang and McAuley, ICDM 2018)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rl_explain.errors import UserError


@dataclass(frozen=True)
class SasrecConfig:
    """The shape of a SASRec; saved next to its weights."""

    num_items: int
    dim: int = 64  # width of embeddings and layers
    layers: int = 2  # attention blocks
    heads: int = 2  # attention heads per block; must divide dim
    max_history: int = 10  # items read, newest last
    dropout: float = 0.3  # share of activations dropped in training

    def __post_init__(self) -> None:
        for name in ("num_items", "dim", "layers", "heads", "max_history"):
            if getattr(self, name) < 1:
                raise UserError(f"recommender.{name} is {getattr(self, name)}; it must be >= 1")
        if self.dim % self.heads:
            raise UserError(
                f"recommender.dim is {self.dim}, which is not divisible by recommender.heads="
                f"{self.heads}; change one of them"
            )
        if not 0 <= self.dropout < 1:
            raise UserError(f"recommender.dropout is {self.dropout}; it must be in [0, 1)")


class Block(nn.Module):
    """Self-attention, then a pointwise feed-forward network, each `x + Dropout(g(LayerNorm(x)))`.

    Equations 3 to 5 and Section III-C of the paper.
    """

    def __init__(self, config: SasrecConfig) -> None:
        super().__init__()
        self.heads, self.dropout = config.heads, config.dropout
        self.attention_norm = nn.LayerNorm(config.dim)
        self.qkv = nn.Linear(config.dim, 3 * config.dim)
        self.out = nn.Linear(config.dim, config.dim)
        self.feed_forward = nn.Sequential(
            nn.LayerNorm(config.dim),
            nn.Linear(config.dim, config.dim),
            nn.ReLU(),
            nn.Dropout(config.dropout),
            nn.Linear(config.dim, config.dim),
            nn.Dropout(config.dropout),
        )

    def forward(self, x: Tensor, visible: Tensor) -> Tensor:
        """`x`: (B, T, dim); `visible`: (B, 1, T, T), true where a query may look at a key."""
        x = x + F.dropout(
            self._attend(self.attention_norm(x), visible), self.dropout, self.training
        )
        return x + self.feed_forward(x)

    def at(self, x: Tensor, visible: Tensor, places: Tensor) -> Tensor:
        """The output of `forward` at one column of each row, (B, dim), without the others.

        `places`: (B,) columns. Keys and values are computed for all columns, the rest for one.
        """
        rows, dim = torch.arange(len(x), device=x.device), x.shape[-1]
        normed, own = self.attention_norm(x), x[rows, places]
        weight, bias = self.qkv.weight, self.qkv.bias
        q = F.linear(normed[rows, places], weight[:dim], bias[:dim])  # (B, dim)
        kv = F.linear(normed, weight[dim:], bias[dim:])  # (B, T, 2 dim)
        k, v = kv.unflatten(-1, (2, self.heads, -1)).permute(2, 0, 3, 1, 4)
        mixed = self._mix(
            q.unflatten(-1, (self.heads, 1, -1)), k, v, visible[rows, :, places, None]
        )
        own = own + F.dropout(self.out(mixed.flatten(1)), self.dropout, self.training)
        return own + self.feed_forward(own)

    def _attend(self, x: Tensor, visible: Tensor) -> Tensor:
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        mixed = self._mix(q, k, v, visible)
        return self.out(mixed.transpose(1, 2).flatten(2))

    def _mix(self, q: Tensor, k: Tensor, v: Tensor, visible: Tensor) -> Tensor:
        """Attention over values (B, heads, keys, width): (B, heads, queries, width)."""
        dropout = self.dropout if self.training else 0.0
        return F.scaled_dot_product_attention(q, k, v, attn_mask=visible, dropout_p=dropout)


class Sasrec(nn.Module):
    """Causal self-attention over item and position embeddings; scores are dot products with items.

    Item ids are rows of the catalogue, `-1` where padded or masked. No other position attends to
    such a position, and the others keep their positions, which are counted from the newest item.
    """

    def __init__(self, config: SasrecConfig) -> None:
        super().__init__()
        self.config = config
        self.items = nn.Embedding(config.num_items, config.dim)
        self.positions = nn.Parameter(torch.zeros(config.max_history, config.dim))
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.dim)
        nn.init.normal_(self.items.weight, std=config.dim**-0.5)
        nn.init.normal_(self.positions, std=config.dim**-0.5)

    def forward(self, ids: Tensor) -> Tensor:
        """Hidden states (B, T, dim) of ids (B, T), T = max_history, newest in the last column."""
        x, visible = self._embed(ids)
        for block in self.blocks:
            x = block(x, visible)
        return self.norm(x)

    def encode(self, ids: Tensor) -> Tensor:
        """User embeddings (B, dim): the hidden state at the newest visible item.

        This is the last column, or, if the newest item is masked, the column of the newest visible
        one: in training, too, only visible items predict the next item.
        """
        x, visible = self._embed(ids)
        *blocks, last = cast(Iterable[Block], self.blocks)
        for block in blocks:
            x = block(x, visible)
        # No later block needs the other columns.
        return self.norm(last.at(x, visible, _last_shown(ids >= 0)))

    def _embed(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        """The first block's input, (B, T, dim), and the attention mask, (B, 1, T, T)."""
        # A masked position is embedded as item 0, but no other position attends to it.
        x = self.items(ids.clamp(min=0)) * self.config.dim**0.5
        x = F.dropout(x + self.positions, self.config.dropout, self.training)
        return x, _visible(ids >= 0)

    def loss(self, ids: Tensor, targets: Tensor) -> Tensor:
        """Mean cross-entropy over the whole catalogue, at every step with a target (>= 0).

        The paper samples one negative per item; this uses the full softmax instead.
        """
        asked = targets >= 0
        return F.cross_entropy(self(ids)[asked] @ self.items.weight.T, targets[asked])


def _visible(shown: Tensor) -> Tensor:
    """(B, T) to (B, 1, T, T): a query attends to visible items up to its own, and to itself.

    Attending to itself keeps the softmax of a padded query defined; its output is never used.
    """
    length = shown.shape[1]
    causal = torch.ones(length, length, dtype=torch.bool, device=shown.device).tril()
    itself = torch.eye(length, dtype=torch.bool, device=shown.device)
    return ((causal & shown.unsqueeze(1)) | itself).unsqueeze(1)


def _last_shown(shown: Tensor) -> Tensor:
    """The last true column of each row."""
    columns = torch.arange(shown.shape[1], device=shown.device)
    return (shown * (columns + 1)).argmax(dim=1)
