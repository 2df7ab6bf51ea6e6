from itertools import permutations

import numpy as np
import pytest
from sklearn.metrics import ndcg_score

from reward_models.context import RewardContext
from reward_models.ranking import expected_random, gains, ndcg, ranking, true_orders

SCHEMES = ("linear", "exponential", "recexplainer")


def test_gains_of_five():
    assert gains("linear", 5).tolist() == [4, 3, 2, 1, 0]
    assert gains("exponential", 5).tolist() == [15, 7, 3, 1, 0]
    assert gains("recexplainer", 5).tolist() == [1000, 100, 10, 1, 0]
    with pytest.raises(ValueError, match="linear, exponential or recexplainer"):
        gains("quadratic", 5)


def test_by_hand():
    # three candidates, gains 2, 1, 0; discounts 1, 1/log2(3) = 0.63093, 1/2
    ideal = 2 + 0.63093
    assert ndcg([7, 8, 9], [7, 8, 9]) == pytest.approx(1)
    assert ndcg([8, 7, 9], [7, 8, 9]) == pytest.approx((1 + 2 * 0.63093) / ideal, abs=1e-5)
    assert ndcg([9, 8], [7, 8, 9]) == pytest.approx(0.63093 / ideal, abs=1e-5)
    assert ndcg([None, 7], [7, 8, 9]) == pytest.approx(2 * 0.63093 / ideal, abs=1e-5)
    # a repeated title gains once, a non-candidate nothing, and both take a position
    assert ndcg([7, 7, 8], [7, 8, 9]) == pytest.approx((2 + 0.5) / ideal, abs=1e-5)
    assert ndcg([7, 3, 8], [7, 8, 9]) == pytest.approx((2 + 0.5) / ideal, abs=1e-5)
    assert ndcg([7, 8, 9], [7, 8, 9], k=1) == 1
    assert ndcg([], [7, 8, 9]) == 0


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("k", [1, 3, 5])
def test_matches_scikit_learn(scheme, k):
    gain = gains(scheme, 5)
    for order in permutations(range(5)):
        shown_scores = np.empty(5)
        shown_scores[list(order)] = np.arange(5, 0, -1)
        expected = ndcg_score([gain], [shown_scores], k=k)
        assert ndcg(order, range(5), scheme, k) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("scheme", "constant"), zip(SCHEMES, (0.8052, 0.7182, 0.6131), strict=True)
)
def test_random_order_constants(scheme, constant):
    assert expected_random(5, scheme) == pytest.approx(constant, abs=5e-5)
    for k in (2, 5):
        mean = np.mean([ndcg(order, range(5), scheme, k) for order in permutations(range(5))])
        assert expected_random(5, scheme, k) == pytest.approx(mean)


def test_the_papers_gains_for_the_top_item_alone():
    assert ndcg([0], range(5), "recexplainer") == pytest.approx(0.936, abs=5e-4)


def test_fewer_than_two_distinct_candidates_are_an_error():
    for candidates in ([], [4], [4, 4]):
        with pytest.raises(ValueError, match="two or more different"):
            ndcg([4], candidates)


@pytest.fixture
def context(make_random):
    return RewardContext([f"Title {c}" for c in "ABCDEFGH"], (), make_random(8, 0))


def rank(context, texts, **changes):
    n = len(texts)
    columns = {"task": ["ranking"] * n, "history": [(0, 1)] * n, "candidates": [(2, 3, 4, 5)] * n}
    return ranking(texts, context=context, **(columns | changes))


def test_reward_is_one_for_the_recommenders_order_and_zero_on_average(context):
    scores = context.recommender.score([(0, 1)])[0]
    best_first = sorted((2, 3, 4, 5), key=lambda i: -scores[i])
    answer = "; ".join(f'"{context.titles[i]}"' for i in best_first)
    assert rank(context, [answer]) == [pytest.approx(1)]
    answers = ["; ".join(context.titles[i] for i in p) for p in permutations((2, 3, 4, 5))]
    rewards = rank(context, answers)
    assert np.mean(rewards) == pytest.approx(0, abs=1e-12)
    assert np.argmax(rewards) == list(permutations((2, 3, 4, 5))).index(tuple(best_first))
    # NDCG 0 is three to four times as far below chance as 1 is above it: clipped
    assert rank(context, ["", "Title A; Title B"]) == [-1, -1]


def test_candidates_of_equal_score_are_in_catalogue_order(make_hand_made):
    recommender = make_hand_made([0.0], start=0.5)  # items 1 to 5 and the history's item score 0
    context = RewardContext([f"Title {i}" for i in range(17)], (), recommender)
    assert true_orders(context, [(0,)], [(3, 9, 1, 2)]) == [(9, 1, 2, 3)]


def test_other_tasks_and_missing_candidates(context):
    assert rank(context, ["x"], task=["retrieval"], candidates=[None]) == [None]
    with pytest.raises(ValueError, match="two or more different"):
        rank(context, ["x"], candidates=[None])
