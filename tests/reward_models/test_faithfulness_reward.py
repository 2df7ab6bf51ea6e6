"""The faithfulness score by hand and against a slow implementation of its definition.

By hand, the percentile of item 6 changes as in `conftest.hand_made`. Yes: removing item 0, 1, 2 or
3 lowers it by 0.4, 0.2, 0.1 and 0.1; 4 and 5 change nothing. Single items have a mean effect of
0.8 / 6 = 2/15 and a best one of 0.4; pairs have 2 * 2/15 and 0.6. No: removing 0 raises it by 0.3,
1 by 0.1, and 4 lowers it by 0.1. Single items have a mean effect of 0.3 / 6 = 0.05 and a best one
of 0.3; pairs have 0.1 and 0.4.
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pytest

from reward_models.context import RewardContext
from reward_models.faithfulness import (
    LEAST_GAP_NATS,
    Answer,
    faithfulness,
    faithfulness_score,
    most_cited,
    normalised,
    reasons_scored,
    scoring_pools,
)
from reward_models.perturb.effects import EXHAUSTIVE, Pool, Question, SubsetEffects
from reward_models.perturb.measures import log_probability
from reward_models.perturb.perturbations import delete, mask

HISTORY = (0, 1, 2, 3, 4, 5)
ITEM = 6


def reward(context, text, label, history=HISTORY, task="explanation", reasons=2):
    columns = {"task": [task], "history": [history], "item": [ITEM], "label": [label]}
    return faithfulness([text], context=context, reasons=[reasons], **columns)[0]


def saying(verdict, context, *items, item=ITEM):
    cited = " and ".join(f'"{context.titles[i]}"' for i in items)
    return f'{verdict}. "{context.titles[item]}" is there because of {cited}.'


@pytest.mark.parametrize(
    ("asked", "cited", "expected"),
    [
        (1, (0,), 1.0),
        (1, (1,), (0.2 - 2 / 15) / (0.4 - 2 / 15)),
        (1, (2,), (0.1 - 2 / 15) / (0.4 - 2 / 15)),
        (1, (5,), (0.0 - 2 / 15) / (0.4 - 2 / 15)),
        (2, (0, 1), 1.0),
        (2, (0, 2), 0.7),
        (2, (4, 5), -0.8),
        # fewer than asked for: scaled by a random pair, 4/15, and the best pair, 0.6
        (2, (0,), (0.4 - 4 / 15) / (0.6 - 4 / 15)),
        (2, (1,), (0.2 - 4 / 15) / (0.6 - 4 / 15)),
        # more than asked for
        (1, (0, 1), 0.0),
        (1, (4, 5), 0.0),
        (2, (0, 1, 2), 0.0),
        (2, HISTORY, 0.0),
        # no number asked for: min(3, 6 // 3) = 2
        (None, (0, 1), 1.0),
        (None, (0,), 0.4),
        # three asked for, but a history of six allows only two
        (3, (0, 1), 1.0),
        (3, (0, 1, 2), 0.0),
        (2, (), 0.0),
        (2, (ITEM,), 0.0),  # the target is not a citation
        (1, (0, 0, 0), 1.0),  # counts once here; `repetition` lowers its own score
        (1, (0, 9), 1.0),  # `grounding` checks items outside the history
    ],
)
def test_yes_item(yes_context, asked, cited, expected):
    text = saying("Yes", yes_context, *cited)
    assert reward(yes_context, text, "yes", reasons=asked) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("asked", "cited", "expected"),
    [
        (1, (0,), 1.0),
        (1, (1,), 0.2),
        (1, (2,), -0.2),
        (1, (4,), -0.6),
        (2, (0,), 2 / 3),  # (0.3 - 0.1) / (0.4 - 0.1)
        (2, (0, 1), 1.0),
        (1, (), 0.0),
    ],
)
def test_no_item(no_context, asked, cited, expected):
    text = saying("No", no_context, *cited)
    assert reward(no_context, text, "no", reasons=asked) == pytest.approx(expected)


def test_no_item_may_cite_nothing(no_context):
    text = f'No. Nothing in this history supports "{no_context.titles[ITEM]}".'
    assert reward(no_context, text, "no") == 0


@pytest.mark.parametrize(
    ("cited", "expected"),
    [((0,), 0.0), ((0, 1), 0.0), ((4, 5), -0.8), ((), 0.0), ((0, 1, 2), 0.0)],
)
def test_reasons_for_another_item_score_at_most_zero(yes_context, cited, expected):
    text = saying("Yes", yes_context, *cited, item=9)
    assert reward(yes_context, text, "yes") == pytest.approx(expected)


def test_an_item_of_the_history_as_its_own_reason_scores_zero(yes_context):
    text = saying("Yes", yes_context, 0, item=0)
    assert text == 'Yes. "Crimson Harbor" is there because of "Crimson Harbor".'
    assert reward(yes_context, text, "yes", reasons=1) == 0


@pytest.mark.parametrize("verdict", ["No", "Perhaps", "Yes. No"])
@pytest.mark.parametrize("cited", [(0,), (5,), (), HISTORY])
def test_wrong_missing_and_contradictory_verdicts(yes_context, verdict, cited):
    """A flipped verdict with the least influential item must not score."""
    assert reward(yes_context, saying(verdict, yes_context, *cited), "yes") == -1


def test_flipped_verdict_on_a_no_item(no_context):
    assert reward(no_context, saying("Yes", no_context, 4), "no") == -1
    assert reward(no_context, saying("Yes", no_context, 0), "no") == -1


@pytest.mark.parametrize("history", [(0,), (0, 1), (0, 1, 0, 1)])
def test_fewer_than_three_distinct_items(yes_context, history):
    for text in (saying("Yes", yes_context, 0), saying("No", yes_context, 0), ""):
        assert reward(yes_context, text, "yes", history) is None


def test_three_items_allow_one_citation(yes_context):
    # p = 10 / 13; removing 0, 1 or 2 costs 4, 2 or 1 thirteenths; the unit cancels
    history = (0, 1, 2)
    text = saying("Yes", yes_context, 1)
    expected = (0.2 - 0.7 / 3) / (0.4 - 0.7 / 3)
    for asked in (1, 2, 3, None):
        found = reward(yes_context, text, "yes", history, reasons=asked)
        assert found == pytest.approx(expected)
    assert reward(yes_context, saying("Yes", yes_context, 0, 1), "yes", history) == 0


def test_every_occurrence_is_removed(yes_context):
    # item 6 scores 4 + 2 * 2 + 1 = 9; it scores 5 without item 0, and without both 1s
    history = (1, 0, 2, 1)
    assert reward(yes_context, saying("Yes", yes_context, 1), "yes", history) == pytest.approx(1)
    assert reward(yes_context, saying("Yes", yes_context, 0), "yes", history) == pytest.approx(1)


def test_ill_posed_whatever_the_text_says(make_hand_made, yes_context):
    even = RewardContext(yes_context.titles, (), make_hand_made([1] * 6, start=2))
    for text in (saying("Yes", even, 3), saying("No", even, 3), saying("Yes", even), "", "Perhaps"):
        assert reward(even, text, "yes") is None


def test_ill_posedness_depends_on_the_number_of_reasons_asked_for(make_hand_made, yes_context):
    """Removing only 0 or only 1 has no effect, so pairs differ and single items do not."""

    class Together:
        def score(self, histories):
            rows = np.tile([*np.zeros(6), 5.0, *(np.arange(10) + 0.5)], (len(histories), 1))
            rows[:, 6] = [9.0 if set(h) & {0, 1} else 0.0 for h in histories]
            return rows

    context = RewardContext(yes_context.titles, (), Together())
    assert reward(context, saying("Yes", context, 0, 1), "yes", reasons=1) is None
    assert reward(context, saying("Yes", context, 0), "yes", reasons=1) is None
    assert reward(context, saying("Yes", context, 0, 1), "yes", reasons=2) == pytest.approx(1)
    # a single item has no effect, a random pair 0.9 / 15 on average
    assert reward(context, saying("Yes", context, 0), "yes", reasons=2) == pytest.approx(-1 / 14)


def test_normalised():
    pool = Pool(np.array([[0], [1]]), np.array([0.4, 0.6]), 0.5)
    assert pool.gap == pytest.approx(0.1)
    found = normalised(np.array([0.5, 0.55, 0.6, 0.7, -1.0]), pool)
    assert found == pytest.approx([0, 0.5, 1, 1, -1])


def test_reasons_scored():
    assert [most_cited(n) for n in (3, 5, 6, 8, 9, 10, 50)] == [1, 1, 2, 2, 3, 3, 16]
    assert [reasons_scored(None, n) for n in (3, 5, 6, 8, 9, 10, 50)] == [1, 1, 2, 2, 3, 3, 3]
    assert [reasons_scored(1, n) for n in (3, 6, 9, 50)] == [1, 1, 1, 1]
    assert [reasons_scored(3, n) for n in (3, 6, 9, 50)] == [1, 2, 3, 3]
    assert [reasons_scored(5, n) for n in (3, 9, 15, 50)] == [1, 3, 5, 5]


def test_other_tasks_and_no_label(yes_context):
    text = saying("Yes", yes_context, 0)
    assert reward(yes_context, text, "yes", task="classification") is None
    assert reward(yes_context, text, None) is None


def answers(cited, verdict="yes", names_item=True):
    return [Answer(verdict, tuple(items), names_item) for items in cited]


def test_reward_uses_deletion_and_other_perturbations_differ(make_random):
    recommender = make_random(30, 0, decay=0.5)
    effects = [SubsetEffects(recommender, 30, perturbs=[p]) for p in (delete, mask)]
    questions = [Question(HISTORY, 20, "yes")] * 6
    said = answers([(i,) for i in HISTORY])
    deleted, masked = (faithfulness_score(said, questions, [1] * 6, e) for e in effects)
    assert max(deleted) == max(masked) == 1
    assert deleted != masked
    context = RewardContext([f"Item Number {i}" for i in range(30)], (), recommender)
    texts = [f'Yes. "Item Number 20" because of "Item Number {i}".' for i in HISTORY]
    columns = {"history": [HISTORY] * 6, "item": [20] * 6, "label": ["yes"] * 6}
    columns |= {"task": ["explanation"] * 6, "reasons": [1] * 6}
    assert faithfulness(texts, context=context, **columns) == deleted


def test_citing_an_item_outside_the_history_is_an_error(make_random):
    effects = SubsetEffects(make_random(30, 0), 30)
    with pytest.raises(ValueError, match="not in the history"):
        faithfulness_score(answers([(9,)]), [Question(HISTORY, 20, "yes")], [1], effects)


def slow_measure(recommender, history, asked, nats):
    """Percentile or log-probability among items outside the original history."""
    scores = recommender.score([history])[0]
    others = [i for i in range(len(scores)) if i not in asked.history and i != asked.item]
    own = scores[asked.item]
    if nats:
        return float(own - np.log(np.exp([own, *scores[others]]).sum()))
    return float(np.mean([(scores[i] < own) + (scores[i] == own) / 2 for i in others]))


def slow_score(recommender, asked, answer, reasons, nats):
    """The definition, one history at a time, for histories with few subsets."""
    n = len(set(asked.history))
    if n < 3:
        return None
    k = min(3, max(1, n // 3)) if reasons is None else min(reasons, max(1, n // 3))

    def comp(removed: Sequence[int]) -> float:
        left = [i for i in asked.history if i not in removed]
        change = slow_measure(recommender, asked.history, asked, nats) - slow_measure(
            recommender, left, asked, nats
        )
        return change if asked.label == "yes" else -change

    subsets = list(combinations(sorted(set(asked.history)), k))
    assert len(subsets) <= EXHAUSTIVE
    pool = [comp(subset) for subset in subsets]
    random, best = sum(pool) / len(pool), max(pool)
    if best - random < (0.05 if nats else 0.01):
        return None
    if answer.verdict != asked.label:
        return -1.0
    if not answer.cited or len(answer.cited) > k:
        return 0.0
    score = max(-1.0, min(1.0, (comp(answer.cited) - random) / (best - random)))
    return score if answer.names_item else min(0.0, score)


def random_world(rng, recommender, num_items):
    """A question about a history that may repeat items, and an answer to it."""
    length = int(rng.integers(2, 11))
    history = tuple(rng.choice(num_items // 2, length).tolist())
    item = int(rng.integers(num_items // 2, num_items))
    asked = Question(history, item, str(rng.choice(["yes", "no"])))
    items = rng.permutation(sorted(set(history)))[: rng.integers(0, 4)]
    verdict = str(rng.choice([asked.label, asked.label, "yes", "no", "missing", "contradictory"]))
    answer = Answer(verdict, tuple(items.tolist()), bool(rng.random() < 0.7))
    return asked, answer, [None, 1, 2, 3][int(rng.integers(4))]


@pytest.mark.parametrize("nats", [False, True])
def test_the_whole_definition_on_random_worlds(make_random, nats):
    rng = np.random.default_rng(int(nats))
    steps = set()
    for seed in range(4):
        recommender = make_random(24, seed)
        recommender.weights *= 0.1 if nats else 1  # for gaps of less than 0.05 nats
        cases = [random_world(rng, recommender, 24) for _ in range(60)]
        asked, said, reasons = zip(*cases, strict=True)
        how = {"measure": log_probability} if nats else {}
        gap = (LEAST_GAP_NATS,) if nats else ()
        effects = SubsetEffects(recommender, 24, **how)
        found = faithfulness_score(said, asked, reasons, effects, *gap)
        slow = [slow_score(recommender, *case, nats) for case in cases]
        assert [s is None for s in found] == [s is None for s in slow]
        for own, by_hand in zip(found, slow, strict=True):
            assert own == pytest.approx(by_hand, abs=1e-6)
            steps.add("inside" if own and abs(own) < 1 else own)
    assert steps == {None, -1.0, 0.0, 1.0, "inside"}


def test_every_text_is_scored_on_the_same_cases(make_random):
    """Whether a case is `None` depends neither on the verdict nor on the cited set."""
    rng = np.random.default_rng(5)
    recommender = make_random(24, 9)
    effects = SubsetEffects(recommender, 24)
    cases = [random_world(rng, recommender, 24) for _ in range(80)]
    asked, _, reasons = zip(*cases, strict=True)
    scored = [pool is not None for pool in scoring_pools(asked, reasons, effects)]
    assert 20 < sum(scored) < 80
    for verdict in ("yes", "no", "missing"):
        for names_item in (False, True):
            for count in range(4):
                cited = [tuple(sorted(set(q.history))[:count]) for q in asked]
                said = answers(cited, verdict, names_item)
                found = faithfulness_score(said, asked, reasons, effects)
                assert [score is not None for score in found] == scored


def test_a_set_beyond_the_pool_is_clipped_to_the_best_draw(make_random):
    """200 of 560 subsets are drawn; the cited one is not added to the pool."""
    rng = np.random.default_rng(2)
    recommender = make_random(60, 3)
    asked = Question(tuple(range(16)), 40, "yes")
    effects = SubsetEffects(recommender, 60)
    (pool,) = effects.pools([asked], [3])
    cited = [tuple(rng.choice(16, 3, replace=False).tolist()) for _ in range(40)]
    found = faithfulness_score(answers(cited), [asked] * 40, [3] * 40, effects)
    for items, score in zip(cited, found, strict=True):
        left = [i for i in asked.history if i not in items]
        comp = slow_measure(recommender, asked.history, asked, False)
        comp -= slow_measure(recommender, left, asked, False)
        expected = np.clip((comp - pool.random) / (pool.best - pool.random), -1, 1)
        assert score == pytest.approx(expected)
    assert any(pool.find(sorted(items)) is None for items in cited)
