import math

import numpy as np
import pytest
from sklearn.metrics import ndcg_score

from rl_explain.recommenders.next_item import NextItemResult, next_item_result, popularity


def test_metrics_by_hand() -> None:
    result = NextItemResult(np.array([1.0, 3.0, 10.0, 11.0]), np.array([4, 4, 4, 2]))
    metrics = result.metrics()
    assert metrics["hr@10"] == 0.75
    assert metrics["ndcg@10"] == pytest.approx((1 + 1 / 2 + 1 / math.log2(11)) / 4)
    assert metrics["top_items"] == 2
    assert result.metrics(k=2)["hr@2"] == 0.25


def test_history_is_left_out_and_ties_cost_half_a_rank() -> None:
    scores = np.array([[9.0, 5.0, 5.0, 5.0, 7.0]])
    result = next_item_result(lambda histories: scores, [(0,)], [2])
    assert result.ranks.tolist() == [3.0]  # item 4, then items 1, 2 and 3 at equal scores
    assert result.top.tolist() == [4]


def test_ndcg_equals_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(40, 25)).astype(np.float32)
    histories = [tuple(rng.choice(24, size=4, replace=False).tolist()) for _ in range(40)]
    targets = [24] * 40
    result = next_item_result(
        lambda batch: scores[[histories.index(h) for h in batch]], histories, targets, batch_size=7
    )
    masked = scores.astype(float)
    for row, history in enumerate(histories):
        masked[row, list(history)] = -100
    truth = np.zeros((40, 25))
    truth[:, 24] = 1
    assert result.metrics()["ndcg@10"] == pytest.approx(ndcg_score(truth, masked, k=10))
    assert result.top.tolist() == masked.argmax(1).tolist()


def test_popularity_counts_occurrences() -> None:
    scorer = popularity([(0, 1, 1), (1, 3)], num_items=5)
    assert scorer([(0,), (2,)]).tolist() == [[1, 3, 0, 1, 0]] * 2
