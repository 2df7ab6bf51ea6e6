"""Margins by hand; the percentile of item 6 changes as in `conftest.hand_made`."""

import pytest

from reward_models.graded_agreement import graded_agreement

HISTORY = (0, 1, 2, 3, 4, 5)


def score(context, text, label, history=HISTORY, item=6):
    columns = {"task": ["explanation"], "history": [history], "item": [item], "label": [label]}
    return graded_agreement([text], context=context, **columns)[0]


@pytest.mark.parametrize(
    ("history", "worth"),
    [
        (HISTORY, 0.5),  # percentile 0.8: barely a yes
        ((1, 0, 2, 1), (1 + (12 / 13 - 0.8) / 0.2) / 2),  # above 12 of 13
        ((0, 0, 1), 1.0),  # percentile 1
        ((0,), 0.5),  # percentile 9 / 15: the given label is not the recommender's
    ],
)
def test_a_verdict_scores_by_its_margin(yes_context, history, worth):
    assert score(yes_context, "Yes. It fits.", "yes", history) == pytest.approx(worth)
    for text in ("No. It does not.", "It may.", "Yes. No.", ""):
        assert score(yes_context, text, "yes", history) == pytest.approx(-worth)


def test_a_no_item(no_context):
    # percentile 0.2: margin 0.3 / 0.5
    assert score(no_context, "No.", "no") == pytest.approx((1 + 0.6) / 2)
    assert score(no_context, "Yes.", "no") == pytest.approx(-(1 + 0.6) / 2)


def test_no_score_without_label_item_or_history(yes_context):
    assert score(yes_context, "Yes.", None) is None
    assert score(yes_context, "Yes.", "yes", item=None) is None
    assert score(yes_context, "Yes.", "yes", history=()) is None


def test_each_case_is_asked_once(yes_context):
    columns = {"task": ["explanation"] * 8, "history": [HISTORY] * 4 + [(0, 1)] * 4}
    columns |= {"item": [6, 6, 7, 7] * 2, "label": ["yes"] * 8}
    graded_agreement(["Yes."] * 8, context=yes_context, **columns)
    assert sum(yes_context.recommender.asked) == 2
