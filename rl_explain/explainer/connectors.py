"""Map recommender embeddings into the language model's space (RecExplainer, section 3.3)."""

import math

import torch
from torch import Tensor, nn

SIZE_UNIT = 2.0
"""The constant coordinate, relative to the length of an embedding with unit root mean square."""


class Connector(nn.Module):
    """`GELU(e W1 + b1) W2 + b2`: recommender width to language-model width.

    It is initialised as an exact linear map that keeps the recommender's geometry. The inner layer
    has every coordinate twice, with both signs, and `GELU(x) - GELU(-x) = x`; so the initial output
    is `e`, scaled, in the first coordinates of the model's space. Embeddings that are close in the
    recommender's space are close in the language model's before any training.

    Language models normalise the length of their inputs, which would discard the length of an
    embedding: of two contributions in the same direction, the longer one moves a score more. So the
    last coordinate is initialised as a constant, relative to which the others keep their size.

    Args:
        dim: width of the recommender's embeddings.
        hidden_size: width of the language model.
        norm: output length for an embedding with unit root mean square.
    """

    def __init__(self, dim: int, hidden_size: int, norm: float) -> None:
        super().__init__()
        self.up = nn.Linear(dim, 2 * dim)
        self.down = nn.Linear(2 * dim, hidden_size)
        both_signs = torch.cat([torch.eye(dim), -torch.eye(dim)])  # (2 dim, dim)
        constant = SIZE_UNIT if hidden_size > dim else 0.0
        norm = norm / math.sqrt(1 + constant**2)
        place = torch.eye(hidden_size, dim) * norm / math.sqrt(dim)  # (hidden_size, dim)
        with torch.no_grad():
            self.up.weight.copy_(both_signs)
            self.up.bias.zero_()
            self.down.weight.copy_(place @ both_signs.T)
            self.down.bias.zero_()
            self.down.bias[-1] = norm * constant

    def forward(self, embeddings: Tensor) -> Tensor:
        """(..., dim) to (..., hidden_size)."""
        return self.down(nn.functional.gelu(self.up(embeddings.to(self.up.weight.dtype))))
