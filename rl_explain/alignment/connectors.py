"""From the recommender's embedding space into the language model's (RecExplainer, section 3.3)."""

import math

import torch
from torch import Tensor, nn


class Connector(nn.Module):
    """`GELU(e W1 + b1) W2 + b2`: recommender width to language-model width.

    It starts as an exact linear map that keeps the recommender's geometry. The inner layer holds
    every coordinate twice, with both signs, and `GELU(x) - GELU(-x) = x`; so at the start the
    output is `e`, scaled, in the first coordinates of the model's space. What lies close for the
    recommender lies close for the language model before any training.

    Args:
        dim: width of the recommender's embeddings.
        hidden_size: width of the language model.
        norm: length that an embedding with unit root mean square has in the model's space.
    """

    def __init__(self, dim: int, hidden_size: int, norm: float) -> None:
        super().__init__()
        self.up = nn.Linear(dim, 2 * dim)
        self.down = nn.Linear(2 * dim, hidden_size)
        both_signs = torch.cat([torch.eye(dim), -torch.eye(dim)])  # (2 dim, dim)
        place = torch.eye(hidden_size, dim) * norm / math.sqrt(dim)  # (hidden_size, dim)
        with torch.no_grad():
            self.up.weight.copy_(both_signs)
            self.up.bias.zero_()
            self.down.weight.copy_(place @ both_signs.T)
            self.down.bias.zero_()

    def forward(self, embeddings: Tensor) -> Tensor:
        """(..., dim) to (..., hidden_size)."""
        return self.down(nn.functional.gelu(self.up(embeddings.to(self.up.weight.dtype))))
