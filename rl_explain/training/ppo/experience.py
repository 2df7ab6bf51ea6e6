"""Log-probabilities, values and advantages of an iteration's completions."""

import torch
from torch import Tensor

from rl_explain.training.ppo.advantages import estimate_advantages, whiten
from rl_explain.training.ppo.learning_signal import Signal, potential_shaping
from rl_explain.training.ppo.losses import penalised_rewards, token_entropy, token_log_probs
from rl_explain.training.ppo.reference import as_reference
from rl_explain.training.ppo.rollout import Batch, policy_inputs, rows_by_length, select
from rl_explain.training.ppo.settings import PPOSettings
from rl_explain.training.ppo.value_head import PolicyWithValue


def build_experience(
    model: PolicyWithValue,
    batch: Batch,
    signal: Signal,
    kl_coef: float,
    config: PPOSettings,
) -> tuple[Batch, dict[str, float]]:
    """Log-probabilities, values, advantages and returns of sampled completions.

    Args:
        model: its active adapter must be the policy that sampled.
        batch: the completions, (B, P) prompts and (B, C) tokens.
        signal: their learning signal.
        kl_coef: penalty per nat by which a token's log-probability exceeds the reference's.

    Returns:
        `batch` with `log_probs`, `values`, `advantages` and `returns`, (B, C) each; and figures:
        `kl` to the reference in nats per completion, `entropy` in nats per token, and
        `explained_variance`, the share of the returns' variance that the values explain.
    """
    mask = batch["completion_mask"]
    log_probs, values, entropy = score_tokens(model, batch, config.micro_batch_size)
    with as_reference(model.policy):
        reference, _, _ = score_tokens(model, batch, config.micro_batch_size)
    log_ratio = log_probs - reference
    rewards = penalised_rewards(signal.scores, log_ratio, mask, kl_coef)
    if signal.potential is not None:
        rewards = potential_shaping(rewards, signal.potential, mask)
    advantages, returns = estimate_advantages(
        rewards, values, mask, config.gamma, config.gae_lambda
    )
    if signal.advantages is not None:
        advantages = advantages + signal.advantages
    figures = {
        "kl": log_ratio.sum(1).mean().item(),
        "entropy": entropy[mask].mean().item(),
        "explained_variance": explained_variance(values[mask], returns[mask]),
    }
    learned = {
        "log_probs": log_probs,
        "values": values,
        "advantages": whiten(advantages, mask) if config.whiten_advantages else advantages,
        "returns": returns,
    }
    return batch | learned, figures


@torch.no_grad()
def score_tokens(
    model: PolicyWithValue, batch: Batch, batch_size: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Log-probability, value and entropy of every token, (B, C) each, 0 outside completions."""
    shape = batch["completion_ids"].shape
    results = torch.zeros(3, *shape, device=batch["completion_ids"].device)
    for rows in rows_by_length(batch).split(batch_size):
        part = select(batch, rows)
        ids, mask = part["completion_ids"], part["completion_mask"]
        logits, values = model(**policy_inputs(part))
        tokens = torch.stack([token_log_probs(logits, ids), values, token_entropy(logits)])
        results[:, rows, : ids.shape[1]] = tokens * mask
    return results[0], results[1], results[2]


def explained_variance(values: Tensor, returns: Tensor) -> float:
    """1 - Var(returns - values) / Var(returns), at most 1; negative if the mean predicts better."""
    variance = returns.var(correction=0) + 1e-8
    return (1 - (returns - values).var(correction=0) / variance).item()
