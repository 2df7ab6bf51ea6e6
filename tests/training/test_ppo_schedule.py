"""What is drawn when depends on the seed and the iteration alone; settings are checked."""

import numpy as np
import pytest

from rl_explain.errors import UserError
from rl_explain.training.ppo.schedule import draw_minibatches, draw_prompts, sampling_seed
from rl_explain.training.ppo.settings import PPOSettings


def test_prompts_come_permutation_after_permutation() -> None:
    drawn = np.concatenate([draw_prompts(7, 3, i, seed=5) for i in range(14)])  # 6 passes
    passes = drawn.reshape(6, 7)
    assert all(sorted(row) == list(range(7)) for row in passes)
    assert len({tuple(row) for row in passes}) > 1


def test_a_batch_may_exceed_the_prompts() -> None:
    drawn = draw_prompts(3, 10, 0, seed=0)
    assert np.bincount(drawn, minlength=3).min() >= 3


def test_draws_repeat_for_a_seed_and_differ_between_seeds() -> None:
    draws = [draw_prompts(50, 20, 4, seed=seed).tolist() for seed in (1, 1, 2)]
    assert draws[0] == draws[1] != draws[2]


def test_minibatches_part_the_rows_evenly() -> None:
    parts = draw_minibatches(13, 4, iteration=2, epoch=1, seed=0)
    assert sorted(np.concatenate(parts)) == list(range(13))
    assert {len(part) for part in parts} == {3, 4}
    other = draw_minibatches(13, 4, iteration=2, epoch=0, seed=0)
    assert np.concatenate(parts).tolist() != np.concatenate(other).tolist()


def test_every_process_and_iteration_samples_with_its_own_seed() -> None:
    seeds = {sampling_seed(s, i, p) for s in range(3) for i in range(20) for p in range(4)}
    assert len(seeds) == 3 * 20 * 4


@pytest.mark.parametrize(
    ("field", "value", "fix"),
    [
        ("minibatch_size", 48, "divisor of the 256"),
        ("micro_batch_size", 24, "divisor of the 32"),
        ("learning_rate", 0.0, "above 0"),
        ("kl_coef", -0.1, "0 or more"),
        ("gamma", 1.5, "from 0 to 1"),
        ("value_clip_range", -1.0, "above 0"),
    ],
)
def test_settings_out_of_range_are_named(field: str, value: float, fix: str) -> None:
    with pytest.raises(UserError, match=f"training.ppo.{field} is {value}: give .*{fix}"):
        PPOSettings(**{field: value})


def test_a_prefix_baseline_needs_several_completions() -> None:
    with pytest.raises(UserError, match="samples_per_prompt is 1: give 2 or more with"):
        PPOSettings(samples_per_prompt=1, group_scale=False)
    with pytest.raises(UserError, match="samples_per_prompt is 1: give 2 or more with"):
        PPOSettings(samples_per_prompt=1, prefix_baseline=False)


def test_a_prefix_baseline_needs_undiscounted_rewards() -> None:
    with pytest.raises(UserError, match=r"gamma is 0\.9: give 1 with prefix_baseline"):
        PPOSettings(gamma=0.9)


def test_sizes_follow_from_each_other() -> None:
    config = PPOSettings(
        rollout_batch_size=8, samples_per_prompt=4, minibatch_size=16, micro_batch_size=8
    )
    assert (config.completions_per_iteration, config.minibatches) == (32, 2)
