"""An auxiliary loss: inner layers predict the dot product of two neighbouring embeddings.

A prompt shows an item's embedding directly before another item's or a contribution's, and nearly
every answer depends on their dot product. From answers alone, a small model learns it late and
coarsely. So, only in pretraining, linear readouts of two layers are trained to predict it: deep
supervision (Lee et al. 2015, arXiv 1409.5185).
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import pad, rms_norm, smooth_l1_loss

EARLY, LATE = 2, 4
"""Layers after which the readouts read: `EARLY` at the second embedding, `LATE` at it and the next
`WORDS` tokens, where the title begins that an answer may have to copy."""
WORDS = 6
SCALE, LARGEST = 8.0, 8.0
"""Products are in units of `SCALE`, their standard deviation for random embeddings of width 64, and
clipped at `LARGEST` units."""


class Products(nn.Module):
    """Readouts of the dot products of neighbouring embeddings."""

    def __init__(self, hidden_size: int) -> None:
        super().__init__()
        self.early = nn.Linear(hidden_size, 1)
        self.late = nn.Linear(hidden_size, 1)

    def forward(self, hidden: Sequence[Tensor], ids: Tensor, vectors: Tensor) -> Tensor:
        """The sum of both readouts' mean Huber losses.

        Args:
            hidden: (B, T, hidden_size) before the first layer and after each layer.
            ids: (B, T) token ids, negative for embeddings.
            vectors: (B, T, D) embeddings.
        """
        is_second, products = _products(ids, vectors)
        here = torch.arange(ids.shape[1], device=ids.device).expand_as(ids)
        latest = torch.where(is_second, here, -1).cummax(1).values
        follows = (latest >= 0) & (here - latest <= WORDS)
        carried = products.gather(1, latest.clamp(min=0))
        return _loss(self.early, hidden[EARLY], products, is_second) + _loss(
            self.late, hidden[LATE], carried, follows
        )


def _products(ids: Tensor, vectors: Tensor) -> tuple[Tensor, Tensor]:
    """Whether each position is an embedding right after another one, and their product: (B, T)."""
    is_second = (ids[:, 1:] < 0) & (ids[:, :-1] < 0)
    products = (vectors[:, 1:] * vectors[:, :-1]).sum(-1) / SCALE
    return pad(is_second, (1, 0)), pad(products, (1, 0)).clamp(-LARGEST, LARGEST)


def _loss(readout: nn.Linear, hidden: Tensor, wanted: Tensor, where: Tensor) -> Tensor:
    told = readout(rms_norm(hidden, hidden.shape[-1:])).squeeze(-1).float()
    losses = smooth_l1_loss(told, wanted, reduction="none")
    return (losses * where).sum() / where.sum().clamp(min=1)
