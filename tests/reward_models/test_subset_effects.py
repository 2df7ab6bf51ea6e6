from itertools import combinations

import numpy as np
import pytest

from reward_models.perturb import effects as effects_module
from reward_models.perturb import scoring
from reward_models.perturb.effects import DRAWS, Question, SubsetEffects, are_few, drawn_subsets
from reward_models.perturb.measures import log_probability, percentile
from reward_models.perturb.perturbations import PERTURBATIONS, delete, mask

N = 40


def slow_effect(recommender, question, chosen, name, kept, measure=percentile):
    """One effect, one history at a time, by the definition."""
    history, item, label = question
    removed = set(history) - set(chosen) if kept else set(chosen)
    if name == "deletion":
        altered = [i for i in history if i not in removed]
    else:
        altered = [-1 if i in removed else i for i in history]

    def measured(h):
        return measure(recommender.score([h]), np.array([item]), [history])[0]

    change = measured(history) - measured(altered)
    return (1 if label == "yes" else -1) * (-change if kept else change)


def random_questions(rng, count, length=7, repeats=True):
    """Histories from the first half of the items, targets from the second."""
    return [
        Question(
            tuple(rng.choice(N // 2, length, replace=repeats).tolist()),
            int(rng.integers(N // 2, N)),
            str(rng.choice(["yes", "no"])),
        )
        for _ in range(count)
    ]


@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("name", ["deletion", "masking"])
@pytest.mark.parametrize("measure", [percentile, log_probability])
def test_batched_matches_one_by_one(make_random, name, kept, measure):
    rng = np.random.default_rng(0)
    recommender = make_random(N, 1)
    questions = random_questions(rng, 12)
    cited = [
        rng.choice(sorted(set(q.history)), rng.integers(1, 3), replace=False).tolist()
        for q in questions
    ]
    fast = SubsetEffects(
        recommender, N, perturbs=[PERTURBATIONS[name]], kept=kept, measure=measure
    ).effects(questions, cited)
    for question, chosen, effect in zip(questions, cited, fast, strict=True):
        subsets = combinations(sorted(set(question.history)), len(chosen))
        slow = [slow_effect(recommender, question, s, name, kept, measure) for s in subsets]
        own = slow_effect(recommender, question, chosen, name, kept, measure)
        assert effect == pytest.approx((own, np.mean(slow)), abs=1e-12)


@pytest.mark.parametrize("kept", [False, True])
def test_several_perturbations_are_averaged(make_random, kept):
    rng = np.random.default_rng(3)
    recommender = make_random(N, 1)
    ways = ("deletion", "masking", "masking")
    perturbs = [PERTURBATIONS[name] for name in ways]
    questions = random_questions(rng, 6)
    cited = [q.history[:2] for q in questions]
    found = SubsetEffects(recommender, N, perturbs=perturbs, kept=kept).effects(questions, cited)
    for question, chosen, effect in zip(questions, cited, found, strict=True):
        subsets = list(combinations(sorted(set(question.history)), len(set(chosen))))
        slow = np.array(
            [[slow_effect(recommender, question, s, w, kept) for s in subsets] for w in ways]
        ).mean(axis=0)
        own = np.mean([slow_effect(recommender, question, chosen, w, kept) for w in ways])
        assert effect == pytest.approx((own, slow.mean()), abs=1e-12)


def test_perturbations():
    assert delete((3, 5, 3, 7), {3}) == (5, 7)
    assert mask((3, 5, 3, 7), {3}) == (-1, 5, -1, 7)


def test_leave_one_out_in_order_of_the_history(make_hand_made):
    effects = SubsetEffects(make_hand_made([4, 2, 1, 1, 0, 0], 0), 17)
    history = (5, 0, 1, 0, 2, 3, 4)  # item 0 occurs twice: 0.8 of a sum of 1.2
    (pool,) = effects.pools([Question(history, 6, "yes")], [1])
    # item 6 scores 12, above all 10 competitors: p = 1; without item 0 it scores 4: p = 0.4
    assert pool.effects == pytest.approx([0, 0.6, 0, 0, 0, 0])
    assert pool.subsets.tolist() == [[0], [1], [2], [3], [4], [5]]


def test_large_pools_are_drawn_with_a_greedy_subset(make_random):
    rng = np.random.default_rng(2)
    recommender = make_random(N, 3)
    question = random_questions(rng, 1, length=12, repeats=False)[0]
    assert not are_few(12, 4)
    (pool,) = SubsetEffects(recommender, N, seed=5).pools([question], [4])
    assert pool.subsets.shape == (DRAWS + 1, 4)
    items = np.array(question.history)[pool.subsets].tolist()
    slow = [slow_effect(recommender, question, s, "deletion", False) for s in items]
    np.testing.assert_allclose(pool.effects, slow, atol=1e-12)
    assert pool.random == pytest.approx(np.mean(slow[:DRAWS]))
    assert pool.best == pytest.approx(max(slow))
    greedy = []
    for _ in range(4):
        rest = [i for i in question.history if i not in greedy]
        worth = [slow_effect(recommender, question, [*greedy, i], "deletion", False) for i in rest]
        greedy.append(rest[int(np.argmax(worth))])
    assert sorted(items[-1]) == sorted(greedy)


class AllOrNothing:
    """Item 20 is in the middle until all five special items are removed, then last."""

    def score(self, histories):
        scores = np.tile(np.arange(N, dtype=float), (len(histories), 1))
        scores[:, 20] = [29.5 if set(h) & {1, 3, 5, 7, 9} else -1 for h in histories]
        return scores


def test_a_cited_set_does_not_enter_the_pool():
    question = Question(tuple(range(16)), 20, "yes")
    effects = SubsetEffects(AllOrNothing(), N)
    (pool,) = effects.pools([question], [5])
    assert pool.best == pool.random == 0
    # 13 of the 23 other items (16..19, 21..29) are below 29.5
    special, other = effects.effects([question] * 2, [(1, 3, 5, 7, 9), (0, 2, 4, 6, 8)])
    assert special == pytest.approx((13 / 23, 0))
    assert other == (0, 0)
    (again,) = effects.pools([question], [5])
    assert again.best == again.random == again.gap == 0


def test_effects_without_pools(make_random):
    """Sets of any size; sets in a cached pool are not scored again."""
    rng = np.random.default_rng(4)
    recommender = make_random(N, 5)
    questions = random_questions(rng, 6, repeats=False)
    for kept in (False, True):
        effects = SubsetEffects(recommender, N, kept=kept)
        cited = [q.history[: 1 + i % 3] for i, q in enumerate(questions)]
        slow = [
            slow_effect(recommender, q, c, "deletion", kept)
            for q, c in zip(questions, cited, strict=True)
        ]
        assert effects.of(questions, cited) == pytest.approx(slow, abs=1e-12)
        effects.pools(questions, [len(c) for c in cited])
        asked = len(recommender.asked)
        assert effects.of(questions, cited) == pytest.approx(slow, abs=1e-12)
        assert len(recommender.asked) == asked
    assert len(effects.of([], [])) == 0


def test_draws_are_uniform_and_seeded():
    draws = drawn_subsets(12, 4, np.random.default_rng(0))
    assert draws.shape == (DRAWS, 4) and (np.diff(draws) > 0).all()
    many = np.concatenate([drawn_subsets(12, 4, np.random.default_rng(i)) for i in range(50)])
    share = np.bincount(many.ravel(), minlength=12) / len(many)
    np.testing.assert_allclose(share, 4 / 12, atol=0.02)
    assert len({tuple(row) for row in many.tolist()}) == 495  # every subset occurs


def test_effects_do_not_depend_on_the_batch_or_the_cache(make_random, monkeypatch):
    rng = np.random.default_rng(6)
    recommender = make_random(N, 7)
    questions = random_questions(rng, 6, length=14, repeats=False)
    cited = [q.history[i : i + 4] for i, q in enumerate(questions)]
    together = SubsetEffects(recommender, N).effects(questions, cited)
    backwards = SubsetEffects(recommender, N, remembered=2)
    assert backwards.effects(questions[::-1], cited[::-1])[::-1] == together
    assert [
        backwards.effects([q], [c])[0] for q, c in zip(questions, cited, strict=True)
    ] == together
    monkeypatch.setattr(scoring, "MAX_BYTES", 4 * N * 3)  # three histories at a time
    monkeypatch.setattr(effects_module, "_TOGETHER", 2)
    chunked = SubsetEffects(recommender, N).effects(questions, cited)
    assert chunked == together
    assert max(recommender.asked[-20:]) == 3


def test_equal_histories_are_scored_once_and_pools_cached(make_random):
    recommender = make_random(N, 8)
    effects = SubsetEffects(recommender, N)
    history = (1, 2, 3, 4, 5)
    questions = [Question(history, item, "yes") for item in range(20, 30)]
    effects.pools(questions, [1] * 10)
    assert recommender.asked == [6]  # the whole history and five shorter ones, for ten items
    effects.pools(questions, [1] * 10)
    assert recommender.asked == [6]
    effects.pools(questions[:1], [2])
    assert recommender.asked == [6, 11]


def test_the_least_recently_used_pool_is_dropped(make_random):
    recommender = make_random(N, 9)
    effects = SubsetEffects(recommender, N, remembered=2)
    a, b, c = (Question((1, 2, 3, 4), item, "no") for item in (20, 21, 22))
    for question in (a, b, a, c, a):  # c replaces b, not a
        effects.pools([question], [1])
    assert len(recommender.asked) == 3
    effects.pools([b], [1])
    assert len(recommender.asked) == 4


def test_undefined_effects(make_random):
    question = Question((1, 2, 2, 3), 20, "yes")
    sets = [(), (1, 2, 3), (1, 2)]
    recommender = make_random(N, 10)
    removed = SubsetEffects(recommender, N).effects([question] * 3, sets)
    assert [effect is None for effect in removed] == [True, True, False]
    kept = SubsetEffects(recommender, N, kept=True).effects([question] * 3, sets)
    assert kept[0] is None and kept[1] == (0, 0) and kept[2] is not None
    for size in (0, 3):
        with pytest.raises(ValueError, match=f"no subsets of {size} items"):
            SubsetEffects(recommender, N).pools([question], [size])
    with pytest.raises(ValueError, match="not in the history"):
        SubsetEffects(recommender, N).effects([question], [(9,)])


def test_a_recommender_of_another_catalogue_is_an_error(make_random):
    with pytest.raises(ValueError, match=r"shape \(5, 40\)"):
        SubsetEffects(make_random(N, 11), N + 1).pools([Question((1, 2, 3, 4), 20, "yes")], [1])
