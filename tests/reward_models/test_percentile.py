import numpy as np
import pytest

from reward_models.perturb.measures import label, log_probability, percentile


def slow_percentile(scores, item, original):
    others = [b for b in range(len(scores)) if b != item and b not in original]
    below = sum(scores[b] < scores[item] for b in others)
    ties = sum(scores[b] == scores[item] for b in others)
    return (below + ties / 2) / len(others)


def test_by_hand():
    scores = np.array([[3.0, 1.0, 2.0, 2.0, 9.0, 2.0]])
    # item 2 scores 2; item 4 is in the history; of 0, 1, 3, 5 one is below and two tie
    assert percentile(scores, np.array([2]), [(4, 4)]).tolist() == [0.5]


def test_matches_plain_loop_with_ties_and_repeats():
    rng = np.random.default_rng(0)
    scores = rng.integers(0, 6, size=(200, 15)).astype(np.float32)
    items = rng.integers(15, size=200)
    originals = [tuple(rng.integers(15, size=rng.integers(1, 8)).tolist()) for _ in range(200)]
    slow = [slow_percentile(*case) for case in zip(scores, items, originals, strict=True)]
    np.testing.assert_allclose(percentile(scores, items, originals), slow, rtol=0, atol=1e-12)


def test_log_probability_matches_plain_softmax():
    rng = np.random.default_rng(1)
    scores = rng.normal(size=(20, 9)) * 30
    items = rng.integers(5, size=20)
    originals = [tuple(rng.integers(5, 9, size=3).tolist()) for _ in range(20)]
    expected = []
    for row, item, original in zip(scores, items, originals, strict=True):
        unseen = np.array([row[b] for b in range(9) if b not in original])
        weights = np.exp(unseen - unseen.max())
        expected.append(row[item] - unseen.max() - np.log(weights.sum()))
    np.testing.assert_allclose(log_probability(scores, items, originals), expected, atol=1e-12)


def test_labels_at_their_thresholds():
    assert [label(p) for p in (1.0, 0.8, 0.7999, 0.5001, 0.5, 0.0)] == [
        "yes",
        "yes",
        None,
        None,
        "no",
        "no",
    ]


def test_nan_and_whole_catalogue_are_errors():
    with pytest.raises(ValueError, match="NaN"):
        percentile(np.array([[0.0, np.nan]]), np.array([0]), [()])
    with pytest.raises(ValueError, match="whole catalogue"):
        percentile(np.array([[0.0, 1.0]]), np.array([0]), [(1,)])
