"""What the completions of one prompt say of each other: a baseline for every token, for nothing."""

import torch
from torch import Tensor

LEAST_SPREAD = 0.1
"""Scores of a prompt that differ less are not blown up further."""


def prefix_means(scores: Tensor, prompts: Tensor, ids: Tensor, mask: Tensor) -> Tensor:
    """The mean score of the completions that begin alike, before every token.

    Before its token t, the siblings of a completion are those of the same prompt whose tokens up
    to t are the same; from where it stands alone, those that it last had. A wrong verdict is then
    blamed on the token that gave it, not on the words that follow. This is a Monte Carlo value of
    the state, as VinePPO has it (Kazemnejad et al. 2024, arXiv 2410.01679), from the samples that
    are there anyhow; its own score is among the mean, which shrinks advantages a little.

    Args:
        scores: (B,) score of each completion.
        prompts: (B,) number of its prompt.
        ids: (B, T) its tokens; `mask` (B, T) true for them, which come first.

    Returns:
        (B, T) means, 0 where `mask` is false.
    """
    tokens = torch.where(mask, ids, -1)
    means = torch.zeros_like(scores)[:, None].repeat(1, ids.shape[1])
    for prompt in prompts.unique():
        rows = (prompts == prompt).nonzero()[:, 0]
        own = tokens[rows]
        same = (own[:, None] == own[None]).cumprod(-1)  # (n, n, T): alike through token t
        alike = torch.cat([torch.ones_like(same[..., :1]), same[..., :-1]], -1)  # before token t
        last = (alike.sum(1) > 1).sum(-1, keepdim=True).clamp(min=1) - 1  # (n, 1)
        group = alike.transpose(1, 2).to(scores) @ scores[rows] / alike.sum(1)  # (n, T)
        places = torch.arange(ids.shape[1], device=ids.device).expand_as(group)
        means[rows] = group.gather(1, torch.minimum(places, last))
    return means * mask


def spread(scores: Tensor, prompts: Tensor) -> Tensor:
    """Standard deviation (B,) of the scores of each completion's prompt, to divide them by.

    A task that one term scores spreads wider than one that several terms score, whose mean it is,
    and would drown it. As in GRPO (Shao et al. 2024, arXiv 2402.03300), but with a floor in place
    of an addend, so that prompts whose completions hardly differ stay quiet.

    Args:
        scores: (B,).
        prompts: (B,) number of each completion's prompt.
    """
    result = torch.ones_like(scores)
    for prompt in prompts.unique():
        rows = prompts == prompt
        result[rows] = scores[rows].std(correction=0).clamp(min=LEAST_SPREAD)
    return result


def potential_shaping(rewards: Tensor, potential: Tensor, mask: Tensor) -> Tensor:
    """Rewards (B, T) plus the change of a potential, after which no policy ranks differently.

        r_t + P_(t+1) - P_t                    Ng, Harada and Russell 1999, with discount 1

    Args:
        potential: (B, T) before each token; after the last one it is 0.
        mask: (B, T) true for the tokens of the completion, which come first in their row.
    """
    potential = potential * mask
    following = torch.cat([potential[:, 1:], torch.zeros_like(potential[:, :1])], 1)
    return rewards + (following - potential) * mask
