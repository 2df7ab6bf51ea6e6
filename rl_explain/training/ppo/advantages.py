"""Generalised advantage estimation (Schulman et al. 2016, arXiv 1506.02438) over tokens.

A completion is an episode and a token is an action. The state before a token is all text to its
left. The value after the last token is 0.
"""

import torch
from torch import Tensor


def estimate_advantages(
    rewards: Tensor, values: Tensor, mask: Tensor, gamma: float, gae_lambda: float
) -> tuple[Tensor, Tensor]:
    """Advantages and returns of every token.

        delta_t = r_t + gamma V_(t+1) - V_t              equation 11
        A_t     = delta_t + gamma lambda A_(t+1)         equation 16, as a recurrence
        R_t     = A_t + V_t

    Args:
        rewards: (B, T) reward of each token.
        values: (B, T) value of the state before each token.
        mask: (B, T) true for the completion's tokens, which come first in their row.
        gamma: discount, 0 to 1.
        gae_lambda: 0 (one-step) to 1 (Monte Carlo).

    Returns:
        Advantages A and returns R, (B, T) each, 0 where `mask` is false.
    """
    rewards, values = rewards * mask, values * mask
    advantages = torch.zeros_like(values)
    next_value = next_advantage = values.new_zeros(len(values))
    for t in reversed(range(values.shape[1])):
        delta = rewards[:, t] + gamma * next_value - values[:, t]
        next_advantage = (delta + gamma * gae_lambda * next_advantage) * mask[:, t]
        next_value = values[:, t]
        advantages[:, t] = next_advantage
    return advantages, advantages + values


def whiten(values: Tensor, mask: Tensor) -> Tensor:
    """Scale `values` (B, T) to mean 0 and variance 1 where `mask` is true; 0 elsewhere.

    Equal values become 0.
    """
    chosen = values[mask]
    centred = (values - chosen.mean()) * mask
    return centred / (chosen.std(correction=0) + 1e-8)
