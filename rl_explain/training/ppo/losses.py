"""PPO's losses per token, as pure functions; the caller reduces them.

Shapes: B completions, T tokens, V vocabulary entries. PPO is Schulman et al. 2017 (arXiv
1707.06347); the penalised reward is from Ziegler et al. 2019 (arXiv 1909.08593).
"""

import torch
from torch import Tensor


def token_log_probs(logits: Tensor, tokens: Tensor) -> Tensor:
    """Log-probabilities (B, T) of `tokens` (B, T) under `logits` (B, T, V)."""
    chosen = logits.gather(-1, tokens.unsqueeze(-1)).squeeze(-1)
    return chosen - logits.logsumexp(-1)


def token_entropy(logits: Tensor) -> Tensor:
    """Entropy (B, T), in nats, of the distributions of `logits` (B, T, V)."""
    log_probs = logits.log_softmax(-1)
    return -(log_probs.exp() * log_probs).sum(-1)


def penalised_rewards(scores: Tensor, log_ratio: Tensor, mask: Tensor, kl_coef: float) -> Tensor:
    """Reward of each token: Ziegler et al., equation 2.

        r_t = -kl_coef (log pi(a_t) - log rho(a_t)), plus the score at the last token

    Args:
        scores: (B,) score of each completion.
        log_ratio: (B, T) log-probability under the policy pi minus that under the reference rho.
        mask: (B, T) true for the completion's tokens, at least one, which come first.
        kl_coef: penalty per nat.

    Returns:
        (B, T) rewards, 0 where `mask` is false.
    """
    rewards = -kl_coef * log_ratio * mask
    last = mask.sum(1, keepdim=True) - 1  # (B, 1)
    return rewards.scatter_add(1, last, scores.unsqueeze(1).to(rewards.dtype))


def clipped_policy_loss(
    log_probs: Tensor, old_log_probs: Tensor, advantages: Tensor, clip_range: float
) -> Tensor:
    """The negated clipped surrogate objective: PPO, equation 7.

        max(-A r, -A clip(r, 1 - epsilon, 1 + epsilon)),   r = pi(a_t) / pi_old(a_t)

    Args:
        log_probs: (B, T) under the policy being updated.
        old_log_probs: (B, T) under the policy that sampled.
        advantages: (B, T).
        clip_range: epsilon, above 0.

    Returns:
        (B, T) losses.
    """
    ratio = torch.exp(log_probs - old_log_probs)
    clipped = ratio.clamp(1 - clip_range, 1 + clip_range)
    return torch.maximum(-advantages * ratio, -advantages * clipped)


def clipped_value_loss(
    values: Tensor, old_values: Tensor, returns: Tensor, clip_range: float | None
) -> Tensor:
    """Half the squared error, or that of the clipped value if it is larger.

        max((V - R)^2, (V_old + clip(V - V_old, -c, c) - R)^2) / 2

    PPO, equation 9, has the plain squared error; halving and clipping follow its authors' public
    code.

    Args:
        values: (B, T) from the value head being updated.
        old_values: (B, T) at the time of sampling.
        returns: (B, T) that the values should predict.
        clip_range: c, above 0; no clipping if `None`.

    Returns:
        (B, T) losses.
    """
    error = (values - returns) ** 2
    if clip_range is not None:
        clipped = old_values + (values - old_values).clamp(-clip_range, clip_range)
        error = torch.maximum(error, (clipped - returns) ** 2)
    return 0.5 * error
