"""Worked cases; `conftest.hand_made` says what each history item does to the percentile of item 6.

Yes: removing 0, 1, 2, 3 costs 0.4, 0.2, 0.1, 0.1, 4 and 5 nothing. Of single items the mean is
0.8 / 6 = 2/15 and the best 0.4; of pairs the mean is 2 * 2/15 and the best 0.6.
No: removing 0 raises by 0.3, 1 by 0.1, and 4 lowers by 0.1: mean 0.3 / 6 = 0.05, best 0.3.
"""

import numpy as np
import pytest

from reward_models.context import RewardContext
from reward_models.faithfulness import faithfulness, faithfulness_score, most_cited, normalised
from reward_models.perturb.effects import Effect, SubsetEffects
from reward_models.perturb.perturbations import delete, mask

HISTORY = (0, 1, 2, 3, 4, 5)
ITEM = 6


def reward(context, text, label, history=HISTORY, task="explanation"):
    columns = {"task": [task], "history": [history], "item": [ITEM], "label": [label]}
    return faithfulness([text], context=context, **columns)[0]


def saying(verdict, context, *items):
    return f"{verdict}. It is because of " + " and ".join(f'"{context.titles[i]}"' for i in items)


@pytest.mark.parametrize(
    ("cited", "expected"),
    [
        ((0,), 1.0),
        ((1,), (0.2 - 2 / 15) / (0.4 - 2 / 15)),
        ((2,), (0.1 - 2 / 15) / (0.4 - 2 / 15)),
        ((5,), (0.0 - 2 / 15) / (0.4 - 2 / 15)),
        ((0, 1), 1.0),
        ((0, 2), 0.7),
        ((4, 5), -0.8),
        ((0, 1, 2), 0.0),  # more than a third of six
        ((0, 1, 2, 3, 4), 0.0),  # all but one
        (HISTORY, 0.0),
        ((), 0.0),
        ((ITEM,), 0.0),  # the target is no citation
        ((0, 0, 0), 1.0),
        ((0, 9), 1.0),  # an item outside the history is grounding's concern
    ],
)
def test_yes_item(yes_context, cited, expected):
    text = saying("Yes", yes_context, *cited)
    assert reward(yes_context, text, "yes") == pytest.approx(expected)


@pytest.mark.parametrize(
    ("cited", "expected"), [((0,), 1.0), ((1,), 0.2), ((2,), -0.2), ((4,), -0.6), ((), 0.0)]
)
def test_no_item(no_context, cited, expected):
    assert reward(no_context, saying("No", no_context, *cited), "no") == pytest.approx(expected)


def test_no_item_may_cite_nothing(no_context):
    text = f'No. Nothing in this history supports "{no_context.titles[ITEM]}".'
    assert reward(no_context, text, "no") == 0


@pytest.mark.parametrize("verdict", ["No", "Perhaps", "Yes. No"])
@pytest.mark.parametrize("cited", [(0,), (5,), (), HISTORY])
def test_wrong_missing_and_contradictory_verdicts(yes_context, verdict, cited):
    """A flipped verdict with the least influential item must not pay."""
    assert reward(yes_context, saying(verdict, yes_context, *cited), "yes") == -1


def test_flipped_verdict_on_a_no_item(no_context):
    assert reward(no_context, saying("Yes", no_context, 4), "no") == -1
    assert reward(no_context, saying("Yes", no_context, 0), "no") == -1


@pytest.mark.parametrize("history", [(0,), (0, 1), (0, 1, 0, 1)])
def test_fewer_than_three_distinct_items(yes_context, history):
    for text in (saying("Yes", yes_context, 0), saying("No", yes_context, 0), ""):
        assert reward(yes_context, text, "yes", history) is None


def test_three_items_allow_one_citation(yes_context):
    # p = 0.7 with (0, 1, 2); removing them costs 0.4, 0.2, 0.1: mean 0.7 / 3
    history = (0, 1, 2)
    text = saying("Yes", yes_context, 1)
    expected = (0.2 - 0.7 / 3) / (0.4 - 0.7 / 3)
    assert reward(yes_context, text, "yes", history) == pytest.approx(expected)
    assert reward(yes_context, saying("Yes", yes_context, 0, 1), "yes", history) == 0


def test_every_occurrence_is_removed(yes_context):
    # 1 stands twice and costs 0.4 of p = 0.7 (0, 1, 1... score 9 - 2): as much as item 0
    history = (1, 0, 2, 1)  # score 4 + 2 * 2 + 1 = 9, p = 0.9
    assert reward(yes_context, saying("Yes", yes_context, 1), "yes", history) == pytest.approx(1)
    assert reward(yes_context, saying("Yes", yes_context, 0), "yes", history) == pytest.approx(1)


def test_ill_posed(make_hand_made, yes_context):
    even = RewardContext(yes_context.titles, (), make_hand_made([1] * 6, start=2))
    assert reward(even, saying("Yes", even, 3), "yes") is None
    assert reward(even, saying("No", even, 3), "yes") == -1
    assert reward(even, saying("Yes", even), "yes") == 0
    assert normalised(Effect(0.5, 0.5, 0.5 + 0.0099)) is None
    assert normalised(Effect(0.5, 0.5, 0.5 + 0.0101)) == 0
    assert normalised(Effect(-1.0, 0.5, 0.6)) == -1  # clipped


def test_other_tasks_and_no_label(yes_context):
    text = saying("Yes", yes_context, 0)
    assert reward(yes_context, text, "yes", task="classification") is None
    assert reward(yes_context, text, None) is None


def test_most_cited():
    assert [most_cited(n) for n in (3, 5, 6, 8, 9, 10, 50)] == [1, 1, 2, 2, 3, 3, 16]


def test_reward_uses_deletion_and_other_perturbations_differ(make_random):
    recommender = make_random(30, 0, decay=0.5)
    effects = [SubsetEffects(recommender, 30, perturbs=[p]) for p in (delete, mask)]
    cases = {"history": [HISTORY] * 6, "item": [20] * 6, "label": ["yes"] * 6}
    cited = [(i,) for i in HISTORY]
    deleted, masked = (faithfulness_score(["yes"] * 6, cited, **cases, effects=e) for e in effects)
    assert max(deleted) == max(masked) == 1
    assert deleted != masked
    context = RewardContext([f"Item Number {i}" for i in range(30)], (), recommender)
    texts = [f'Yes. "Item Number {i}".' for i in HISTORY]
    columns = cases | {"task": ["explanation"] * 6}
    assert faithfulness(texts, context=context, **columns) == deleted


def test_score_is_the_definition_on_random_cases(make_random):
    """Regret of every single citation, recomputed from leave-one-out percentiles."""
    rng = np.random.default_rng(0)
    recommender = make_random(25, 1)
    effects = SubsetEffects(recommender, 25)
    for _ in range(20):
        history = tuple(rng.choice(20, 5, replace=False).tolist())
        item, label = int(rng.integers(20, 25)), str(rng.choice(["yes", "no"]))
        others = [i for i in range(25) if i not in history and i != item]

        def below(h, item=item, others=others):
            scores = recommender.score([h])[0]
            return np.mean([scores[i] < scores[item] for i in others])

        sign = 1 if label == "yes" else -1
        comp = [sign * (below(history) - below(history[:i] + history[i + 1 :])) for i in range(5)]
        gap = max(comp) - np.mean(comp)
        found = faithfulness_score(
            [label] * 5,
            [(i,) for i in history],
            history=[history] * 5,
            item=[item] * 5,
            label=[label] * 5,
            effects=effects,
        )
        if gap < 0.01:
            assert found == [None] * 5
        else:
            expected = np.clip((np.array(comp) - np.mean(comp)) / gap, -1, 1)
            assert found == pytest.approx(expected.tolist())
