"""From scores to what the update learns from, against plain Python."""

import statistics
from collections.abc import Sequence

import numpy as np
import pytest
import torch

from rl_explain.training.ppo.advantages import estimate_advantages
from rl_explain.training.ppo.learning_signal import (
    LEAST_STD,
    group_std,
    learning_signal,
    potential_shaping,
    prefix_means,
)

PROMPTS = [0, 0, 0, 0, 0, 2, 2, 5]


def texts_and_scores(seed: int = 0) -> tuple[list[list[int]], list[float]]:
    """Texts of one to six tokens that often begin alike, and a score of each."""
    rng = np.random.default_rng(seed)
    texts = [rng.integers(1, 3, size=rng.integers(1, 7)).tolist() for _ in PROMPTS]
    return texts, rng.normal(size=len(PROMPTS)).tolist()


def padded(texts: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    width = max(map(len, texts))
    ids = torch.tensor([text + [0] * (width - len(text)) for text in texts])
    mask = torch.tensor([[t < len(text) for t in range(width)] for text in texts])
    return ids, mask


def plain_prefix_means(
    scores: Sequence[float], prompts: Sequence[int], texts: list[list[int]]
) -> list[list[float]]:
    """Token by token: the mean over completions of the prompt that begin alike, while any does."""
    result = []
    for own, text in enumerate(texts):
        rows: list[float] = []
        for t in range(len(text)):
            alike = [
                scores[i]
                for i, other in enumerate(texts)
                if prompts[i] == prompts[own] and other[:t] == text[:t] and len(other) >= t
            ]
            rows.append(sum(alike) / len(alike) if len(alike) > 1 or not t else rows[-1])
        result.append(rows)
    return result


def test_prefix_means_are_those_of_a_plain_loop() -> None:
    texts, scores = texts_and_scores()
    means = prefix_means(torch.tensor(scores), torch.tensor(PROMPTS), *padded(texts))
    for row, expected in enumerate(plain_prefix_means(scores, PROMPTS, texts)):
        assert means[row, : len(expected)].tolist() == pytest.approx(expected, abs=1e-5)
        assert not means[row, len(expected) :].any()


def test_a_wrong_verdict_is_blamed_on_its_own_token() -> None:
    ids = torch.tensor([[7, 1, 2], [7, 3, 4], [9, 1, 2], [9, 3, 4]])
    scores, mask = torch.tensor([1.0, 1.0, -1.0, -1.0]), torch.ones(4, 3, dtype=torch.bool)
    means = prefix_means(scores, torch.zeros(4, dtype=torch.long), ids, mask)
    assert (scores[:, None] - means).tolist() == [[1, 0, 0], [1, 0, 0], [-1, 0, 0], [-1, 0, 0]]


def test_a_potential_moves_no_return_but_by_itself() -> None:
    generator = torch.Generator().manual_seed(3)
    mask = torch.tensor([[t < length for t in range(5)] for length in (5, 1, 3)])
    rewards, potential = torch.randn(2, 3, 5, generator=generator)
    rewards = rewards * mask
    plain, _ = estimate_advantages(rewards, torch.zeros(3, 5), mask, 1.0, 1.0)
    moved, _ = estimate_advantages(
        potential_shaping(rewards, potential, mask), torch.zeros(3, 5), mask, 1.0, 1.0
    )
    torch.testing.assert_close(moved, plain - potential * mask)


def test_group_std_by_hand() -> None:
    scores = torch.tensor([1.0, 3.0, 0.5, -1.0, 0.50, 0.51, 7.0])
    prompts = torch.tensor([4, 4, 1, 1, 2, 2, 3])
    expected = [1, 1, 0.75, 0.75, LEAST_STD, LEAST_STD, LEAST_STD]  # of the population
    assert group_std(scores, prompts).tolist() == pytest.approx(expected)


@pytest.mark.parametrize("prefix_baseline", [True, False])
@pytest.mark.parametrize("group_scale", [True, False])
@pytest.mark.parametrize("credited", [True, False])
def test_the_signal_is_that_of_a_plain_version(
    group_scale: bool, prefix_baseline: bool, credited: bool
) -> None:
    texts, scores = texts_and_scores(seed=1)
    ids, mask = padded(texts)
    rng = np.random.default_rng(2)
    ended = rng.random(len(PROMPTS)) < 0.5
    credits = [rng.normal(size=len(text)).tolist() for text in texts]
    totals = [sum(row[::2]) for row in credits]  # not the sum over tokens: parts have several
    credit_rows = torch.tensor([row + [0.0] * (ids.shape[1] - len(row)) for row in credits])
    given = {"credit_totals": torch.tensor(totals), "token_credits": credit_rows}
    signal = learning_signal(
        torch.tensor(scores),
        torch.tensor(ended),
        torch.tensor(PROMPTS),
        ids,
        mask,
        missing_eos_penalty=0.7,
        group_scale=group_scale,
        prefix_baseline=prefix_baseline,
        **(given if credited else {}),
    )

    penalised = [s if end else s - 0.7 for s, end in zip(scores, ended, strict=True)]
    worth = []
    for own, prompt in enumerate(PROMPTS):
        group = [penalised[i] for i, other in enumerate(PROMPTS) if other == prompt]
        scale = max(statistics.pstdev(group), LEAST_STD) if group_scale else 1.0
        worth.append((penalised[own] - (totals[own] if credited else 0.0)) / scale)
        if credited:
            expected = [credit / scale for credit in credits[own]]
            assert signal.advantages is not None
            assert signal.advantages[own, : len(expected)].tolist() == pytest.approx(
                expected, rel=1e-4
            )
    assert signal.scores.tolist() == pytest.approx(worth, rel=1e-4, abs=1e-6)
    assert (signal.advantages is not None) is credited
    assert (signal.potential is not None) is prefix_baseline
    if signal.potential is not None:
        for row, means in enumerate(plain_prefix_means(worth, PROMPTS, texts)):
            assert signal.potential[row, : len(means)].tolist() == pytest.approx(means, abs=1e-4)
