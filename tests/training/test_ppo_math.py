"""PPO's pure functions against plain Python, by the definitions in the papers."""

import math

import numpy as np
import pytest
import torch

from rl_explain.training.ppo.advantages import estimate_advantages, whiten
from rl_explain.training.ppo.kl_controller import KLController
from rl_explain.training.ppo.losses import (
    clipped_policy_loss,
    clipped_value_loss,
    penalised_rewards,
    token_entropy,
    token_log_probs,
)

LENGTHS = (5, 1, 3)
MASK = torch.tensor([[t < length for t in range(5)] for length in LENGTHS])


def noise(*shape: int, seed: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def plain_advantages(rewards: list, values: list, gamma: float, lam: float) -> list[float]:
    """GAE as the sum that defines it (equation 16), on one completion without padding."""
    following = [*values[1:], 0.0]
    deltas = [r + gamma * n - v for r, v, n in zip(rewards, values, following, strict=True)]
    return [
        sum((gamma * lam) ** (k - t) * deltas[k] for k in range(t, len(deltas)))
        for t in range(len(deltas))
    ]


@pytest.mark.parametrize(("gamma", "lam"), [(1.0, 0.95), (0.9, 0.8), (0.99, 0.0), (1.0, 1.0)])
def test_advantages_are_the_defining_sum(gamma: float, lam: float) -> None:
    rewards, values = noise(3, 5, seed=1), noise(3, 5, seed=2)
    rewards[~MASK], values[~MASK] = 7e6, -3e6  # what padding holds must not matter
    advantages, returns = estimate_advantages(rewards, values, MASK, gamma, lam)
    for row, length in enumerate(LENGTHS):
        own = [x[row, :length].tolist() for x in (rewards, values)]
        expected = plain_advantages(*own, gamma, lam)
        np.testing.assert_allclose(advantages[row, :length], expected, rtol=1e-4, atol=1e-6)
        total = np.add(expected, own[1])
        np.testing.assert_allclose(returns[row, :length], total, rtol=1e-4, atol=1e-6)
    assert not advantages[~MASK].any()
    assert not returns[~MASK].any()


def test_monte_carlo_returns_by_hand() -> None:
    rewards = torch.tensor([[1.0, 0.0, -2.0]])
    values = torch.tensor([[0.5, 0.25, 4.0]])
    mask = torch.ones(1, 3, dtype=torch.bool)
    _, returns = estimate_advantages(rewards, values, mask, gamma=1.0, gae_lambda=1.0)
    torch.testing.assert_close(returns, torch.tensor([[-1.0, -2.0, -2.0]]))


def test_whitening_uses_completion_tokens_alone() -> None:
    values = noise(3, 5, seed=3)
    values[~MASK] = 1e6
    white = whiten(values, MASK)
    chosen = values[MASK].numpy()
    expected = (chosen - chosen.mean()) / chosen.std()
    np.testing.assert_allclose(white[MASK], expected, rtol=1e-4, atol=1e-6)
    assert not white[~MASK].any()
    assert not whiten(torch.full((3, 5), 2.5), MASK).any()


def test_policy_loss_by_hand() -> None:
    """Ratios 1.5 and 0.5 with epsilon 0.2: clipped only where that takes the gain away.

    r = 1.5, A = +2: min(3.0, 2.4) = 2.4.    r = 1.5, A = -2: min(-3.0, -2.4) = -3.0.
    r = 0.5, A = +2: min(1.0, 1.6) = 1.0.    r = 0.5, A = -2: min(-1.0, -1.6) = -1.6.
    """
    log_probs = torch.tensor([[1.5, 1.5, 0.5, 0.5, 1.0]]).log().requires_grad_()
    advantages = torch.tensor([[2.0, -2.0, 2.0, -2.0, 3.0]])
    loss = clipped_policy_loss(log_probs, torch.zeros(1, 5), advantages, 0.2)
    torch.testing.assert_close(loss, torch.tensor([[-2.4, 3.0, -1.0, 1.6, -3.0]]))
    loss.sum().backward()
    moves = log_probs.grad.ne(0).tolist()  # type: ignore[union-attr]
    assert moves == [[False, True, True, False, True]]


def test_policy_loss_against_a_loop() -> None:
    new, old, advantages = (noise(3, 5, seed=s) for s in (4, 5, 6))
    loss = clipped_policy_loss(new, old, advantages, 0.1)
    for i in range(3):
        for t in range(5):
            ratio = math.exp(new[i, t] - old[i, t])
            gain = float(advantages[i, t])
            surrogate = min(ratio * gain, min(max(ratio, 0.9), 1.1) * gain)
            assert loss[i, t].item() == pytest.approx(-surrogate, rel=1e-4, abs=1e-6)


def test_value_loss_against_a_loop() -> None:
    new, old, returns = (noise(3, 5, seed=s) for s in (7, 8, 9))
    loss = clipped_value_loss(new, old, returns, 0.3)
    plain = clipped_value_loss(new, old, returns, None)
    for i in range(3):
        for t in range(5):
            v, v_old, target = (float(x[i, t]) for x in (new, old, returns))
            moved = v_old + min(max(v - v_old, -0.3), 0.3)
            worse = max((v - target) ** 2, (moved - target) ** 2)
            assert loss[i, t].item() == pytest.approx(worse / 2, rel=1e-4, abs=1e-6)
            assert plain[i, t].item() == pytest.approx((v - target) ** 2 / 2, rel=1e-4, abs=1e-6)


def test_score_arrives_at_the_last_token() -> None:
    log_ratio = torch.tensor([[0.5, -1.0, 2.0], [3.0, 9.0, 9.0]])
    mask = torch.tensor([[True, True, True], [True, False, False]])
    rewards = penalised_rewards(torch.tensor([10.0, -4.0]), log_ratio, mask, kl_coef=0.1)
    torch.testing.assert_close(rewards, torch.tensor([[-0.05, 0.1, 9.8], [-4.3, 0.0, 0.0]]))


def test_log_probabilities_and_entropy_against_distributions() -> None:
    logits, tokens = noise(2, 3, 11, seed=10) * 3, torch.tensor([[0, 10, 4], [7, 7, 1]])
    reference = torch.distributions.Categorical(logits=logits)
    torch.testing.assert_close(token_log_probs(logits, tokens), reference.log_prob(tokens))
    torch.testing.assert_close(token_entropy(logits), reference.entropy())


def test_kl_coefficient_adapts_by_the_bounded_relative_error() -> None:
    controller = KLController(coef=0.1, target=2.0, horizon=640)
    controller.update(2.2, completions=64)  # e = 0.1, K = 0.1
    assert controller.coef == pytest.approx(0.1 * 1.01)
    controller.update(50.0, completions=64)  # e = 24, bounded at 0.2
    assert controller.coef == pytest.approx(0.1 * 1.01 * 1.02)
    controller.update(0.0, completions=640)  # e = -1, bounded at -0.2, K = 1
    assert controller.coef == pytest.approx(0.1 * 1.01 * 1.02 * 0.8)


def test_kl_coefficient_is_fixed_without_a_target() -> None:
    controller = KLController(coef=0.1, target=None, horizon=64)
    controller.update(50.0, completions=64)
    assert controller.coef == 0.1
