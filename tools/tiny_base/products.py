"""What two neighbouring embeddings have in common, asked of inner layers.

A prompt shows an item's embedding right before that of another item or of a contribution, and
nearly every answer stands on their dot product. From answers alone a small model learns that
product last and coarsely. So linear readouts of two layers are trained to tell it, in pretraining
alone: deep supervision (Lee et al. 2015, arXiv 1409.5185).
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import pad, rms_norm, smooth_l1_loss

EARLY, LATE = 2, 4
"""Layers behind which is read: at the second embedding, and at it and the `WORDS` tokens behind it,
where the title begins that an answer may have to copy."""
WORDS = 6
SCALE, LARGEST = 8.0, 8.0
"""Products are told in units of `SCALE`, the standard deviation between random embeddings of width
64, and cut at `LARGEST` units."""


class Products(nn.Module):
    """Readouts of the dot products of neighbouring embeddings."""

    def __init__(self, hidden_size: int) -> None:
        super().__init__()
        self.early = nn.Linear(hidden_size, 1)
        self.late = nn.Linear(hidden_size, 1)

    def forward(self, hidden: Sequence[Tensor], ids: Tensor, vectors: Tensor) -> Tensor:
        """Mean Huber loss of both readouts, added.

        Args:
            hidden: (B, T, hidden_size) before the first layer and behind each.
            ids: (B, T), negative for embeddings.
            vectors: (B, T, D) the embeddings.
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
    """Whether an embedding stands right behind another one, and their product: (B, T) each."""
    is_second = (ids[:, 1:] < 0) & (ids[:, :-1] < 0)
    products = (vectors[:, 1:] * vectors[:, :-1]).sum(-1) / SCALE
    return pad(is_second, (1, 0)), pad(products, (1, 0)).clamp(-LARGEST, LARGEST)


def _loss(readout: nn.Linear, hidden: Tensor, wanted: Tensor, where: Tensor) -> Tensor:
    told = readout(rms_norm(hidden, hidden.shape[-1:])).squeeze(-1).float()
    losses = smooth_l1_loss(told, wanted, reduction="none")
    return (losses * where).sum() / where.sum().clamp(min=1)
