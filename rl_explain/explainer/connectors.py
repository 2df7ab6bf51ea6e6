"""From the recommender's embedding space into the language model's (RecExplainer, section 3.3)."""

import math

import torch
from torch import Tensor, nn

SIZE_UNIT = 2.0
"""Length of the constant beside an embedding, in lengths of one with unit root mean square."""


class Connector(nn.Module):
    """`GELU(e W1 + b1) W2 + b2`: recommender width to language-model width.

    It starts as an exact linear map that keeps the recommender's geometry. The inner layer holds
    every coordinate twice, with both signs, and `GELU(x) - GELU(-x) = x`; so at the start the
    output is `e`, scaled, in the first coordinates of the model's space. What lies close for the
    recommender lies close for the language model before any training.

    Language models normalise the length of what they read, and would lose how large an embedding
    is: of two contributions of one direction the larger moves a score more. So the last coordinate
    starts as a constant, against which the others keep their size.

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
