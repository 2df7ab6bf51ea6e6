"""Turns scores of completions into the learning signal of the update.

Shapes: B completions, T tokens. Completions of the same prompt form a group.
"""

from typing import NamedTuple

import torch
from torch import Tensor

LEAST_STD = 0.1
"""Floor of the group standard deviation that scores are divided by."""


class Signal(NamedTuple):
    """Scores of completions, and baselines and credits of their tokens."""

    scores: Tensor
    """(B,) reward at each completion's last token."""
    potential: Tensor | None
    """(B, T) potential before each token; its change is added to the reward
    (`potential_shaping`)."""
    advantages: Tensor | None
    """(B, T) part of the advantages that is known instead of estimated."""


def learning_signal(
    scores: Tensor,
    ended: Tensor,
    prompts: Tensor,
    ids: Tensor,
    mask: Tensor,
    *,
    missing_eos_penalty: float,
    group_scale: bool,
    prefix_baseline: bool,
    credit_totals: Tensor | None = None,
    token_credits: Tensor | None = None,
) -> Signal:
    """Penalise missing ends, move credits to their tokens, scale by group, compute a baseline.

        s_i   = score_i - penalty [i has no end]
        d_i   = standard deviation of s over the group of i      (1 without `group_scale`)
        y_i   = (s_i - C_i) / d_i                                 `Signal.scores`
        P_i,t = mean of y over the group's completions that equal i before token t
                                                                  `Signal.potential`
        A_i,t = c_i,t / d_i                                       `Signal.advantages`

    A credit c_i,t is the contribution of a token's citation to the score, as the reward reports it.
    It is subtracted from the score, which all tokens share, and added to that token's advantage.

    Args:
        scores: (B,) score of each completion.
        ended: (B,) whether it has an end-of-text token.
        prompts: (B,) number of its prompt.
        ids: (B, T) its tokens; `mask` (B, T) is true for them, and they come first.
        missing_eos_penalty: subtracted from the score of a completion without an end, 0 or more.
        credit_totals: C (B,) sum of a completion's credits.
        token_credits: c (B, T) credit of each token; give both credit arguments or neither.
    """
    scores = scores - missing_eos_penalty * ~ended
    scale = group_std(scores, prompts) if group_scale else torch.ones_like(scores)
    advantages = None
    if credit_totals is not None and token_credits is not None:
        scores = scores - credit_totals
        advantages = token_credits / scale[:, None]
    scores = scores / scale
    potential = prefix_means(scores, prompts, ids, mask) if prefix_baseline else None
    return Signal(scores, potential, advantages)


def group_std(scores: Tensor, prompts: Tensor) -> Tensor:
    """Standard deviation (B,) of the scores in each completion's group, at least `LEAST_STD`.

    Scores of a task with a single term vary more than those of a task whose score is the mean of
    several terms; unscaled, the former would dominate. As in GRPO (Shao et al. 2024, arXiv
    2402.03300), but with a floor instead of an added constant, so that small differences within a
    group are not amplified.

    Args:
        scores: (B,).
        prompts: (B,) number of each completion's prompt.
    """
    result = torch.ones_like(scores)
    for prompt in prompts.unique():
        rows = prompts == prompt
        result[rows] = scores[rows].std(correction=0).clamp(min=LEAST_STD)
    return result


def prefix_means(scores: Tensor, prompts: Tensor, ids: Tensor, mask: Tensor) -> Tensor:
    """Before every token, the mean score of the group's completions with the same prefix.

    Before its token t, a completion is compared with those of its group that have the same tokens
    before t; once no other shares its prefix, with the last ones that did. So a wrong verdict is
    blamed on its own token, not on the words that follow. This is a Monte Carlo state value, as in
    VinePPO (Kazemnejad et al. 2024, arXiv 2410.01679), but from the existing samples. The mean
    includes the completion's own score, which shrinks advantages slightly.

    Args:
        scores: (B,) score of each completion.
        prompts: (B,) number of its prompt.
        ids: (B, T) its tokens; `mask` (B, T) is true for them, and they come first.

    Returns:
        (B, T) means, 0 where `mask` is false.
    """
    tokens = torch.where(mask, ids, -1)
    means = torch.zeros_like(scores)[:, None].repeat(1, ids.shape[1])
    for prompt in prompts.unique():
        rows = (prompts == prompt).nonzero()[:, 0]
        own = tokens[rows]
        same = (own[:, None] == own[None]).cumprod(-1)  # (n, n, T): equal through token t
        alike = torch.cat([torch.ones_like(same[..., :1]), same[..., :-1]], -1)  # before token t
        last = (alike.sum(1) > 1).sum(-1, keepdim=True).clamp(min=1) - 1  # (n, 1)
        group = alike.transpose(1, 2).to(scores) @ scores[rows] / alike.sum(1)  # (n, T)
        places = torch.arange(ids.shape[1], device=ids.device).expand_as(group)
        means[rows] = group.gather(1, torch.minimum(places, last))
    return means * mask


def potential_shaping(rewards: Tensor, potential: Tensor, mask: Tensor) -> Tensor:
    """Rewards (B, T) plus the change of a potential, which does not change the order of policies.

        r_t + P_(t+1) - P_t                    Ng, Harada and Russell 1999, with discount 1

    Args:
        potential: (B, T) before each token; it is 0 after the last one.
        mask: (B, T) true for the completion's tokens, which come first in their row.
    """
    potential = potential * mask
    following = torch.cat([potential[:, 1:], torch.zeros_like(potential[:, :1])], 1)
    return rewards + (following - potential) * mask
