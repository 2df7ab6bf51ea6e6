import copy
import math
import pickle
from dataclasses import replace

import numpy as np
import pytest

from reward_models.composite import Composite, CompositeResult
from reward_models.types import FAILED


def constant(scores):
    return lambda completions, *, context, **columns: list(scores)


def composed(weights, **terms):
    rewards = {name: constant(scores) for name, scores in terms.items()}
    texts = [""] * len(next(iter(terms.values())))
    return Composite(weights, None, rewards)(texts)


def test_weighted_mean_renormalises_over_the_terms_that_apply():
    result = composed({"a": 3, "b": 1}, a=[1.0, None, 0.5, None], b=[0.0, 0.25, None, None])
    assert result.total == [0.75, 0.25, 0.5, None]
    assert result.terms == {"a": [1.0, None, 0.5, None], "b": [0.0, 0.25, None, None]}


def test_weights_go_by_name_not_by_position():
    result = composed({"b": 3, "a": 1}, a=[1.0], b=[0.0])
    assert result.total == [0.25]


def test_failed_and_not_a_number_fail_the_total():
    result = composed(
        {"a": 1, "b": 1}, a=[FAILED, FAILED, math.nan, math.inf, 1.0], b=[1.0, None, 1.0, 1.0, 1.0]
    )
    assert result.total == [FAILED, FAILED, FAILED, FAILED, 1.0]
    assert result.terms["a"] == [FAILED, FAILED, FAILED, FAILED, 1.0]


def test_a_penalty_keeps_its_sign_if_only_it_applies():
    result = composed({"a": 1, "b": -0.5}, a=[1.0, None], b=[1.0, 0.8])
    assert result.total == pytest.approx([0.5 / 1.5, -0.8])


def test_terms_of_weight_zero_are_not_computed():
    def broken(completions, **columns):
        raise AssertionError("computed")

    rewards = {"a": constant([1.0]), "b": broken}
    assert list(Composite({"a": 1, "b": 0}, None, rewards)([""]).terms) == ["a"]


def test_summary():
    result = composed({"a": 1, "b": 1}, a=[1.0, 0.0, None, FAILED], b=[None] * 4)
    assert result.summary() == {
        "total/mean": 0.5,
        "total/std": 0.5,
        "total/none": 0.25,
        "total/failed": 0.25,
        "a/mean": 0.5,
        "a/std": 0.5,
        "a/none": 0.25,
        "a/failed": 0.25,
        "b/none": 1.0,
        "b/failed": 0.0,
    }


def test_summary_counts_the_bounds_of_terms_whose_range_is_known():
    rewards = {"a": constant([1.0, 1.0, -1.0, 0.5, None]), "b": constant([2.0] * 5)}
    result = Composite({"a": 1, "b": 1}, None, rewards, ranges={"a": (-1, 1)})([""] * 5)
    found = result.summary()
    assert (found["a/at_low"], found["a/at_high"]) == (0.25, 0.5)
    assert not any(name in found for name in ("b/at_low", "total/at_low"))


def test_summary_correlates_what_both_terms_scored():
    scores = {"a": [1, 2, 3, 7, None], "b": [4, 3, 1, None, 9], "c": [5.0] * 5, "d": [1, None] * 2}
    terms = {name: [s if s is None else float(s) for s in list_] for name, list_ in scores.items()}
    found = CompositeResult([None] * 5, terms | {"d": [*terms["d"], FAILED]}).summary()
    # a and b by hand: over (1, 4), (2, 3), (3, 1), deviations (-1, 0, 1) and (4/3, 1/3, -5/3)
    by_hand = -3 / math.sqrt(2 * 42 / 9)
    assert found["correlation/a,b"] == pytest.approx(by_hand)
    # c is constant, and so is d where it and a or b have a score
    assert [name for name in found if name.startswith("correlation/")] == ["correlation/a,b"]


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"agrement": 1}, "Did you mean 'agreement'"),
        ({"zzz": 1}, "Valid: agreement, coverage, faithfulness, format, graded_agreement, "),
        ({}, "sum to 0"),
        ({"agreement": 0.0}, "sum to 0"),
        ({"agreement": 1, "ranking": -1}, "sum to 0"),
        ({"agreement": -1}, "sum to -1"),
        ({"agreement": math.nan}, "finite"),
        ([("agreement", 1), ("ranking", 1), ("agreement", 2)], "'agreement' has 2 weights"),
    ],
)
def test_bad_weights(weights, message):
    with pytest.raises(ValueError, match=message):
        Composite(weights, None)


def test_a_term_of_another_length_is_an_error():
    with pytest.raises(ValueError, match="a gave 1 scores for 2 texts"):
        Composite({"a": 1}, None, {"a": constant([1.0])})(["", ""])


def test_an_invalid_label_is_an_error(yes_context):
    composite = Composite({"agreement": 1}, yes_context)
    for column in (list, np.array):
        columns = {"task": ["explanation"] * 2, "label": column(["yes", "Yes"])}
        with pytest.raises(ValueError, match=r"label\[1\] is .*'Yes'.*: give 'yes', 'no' or None"):
            composite(["Yes."] * 2, **columns)


def test_attributes_that_are_not_tuples_of_strings_are_an_error(yes_context):
    for values in ("noir", (1999,), None):
        attributes = [{}] * (len(yes_context.titles) - 1) + [{"genre": values}]
        with pytest.raises(ValueError, match=r"attributes\[\d+\]\['genre'\] is .*a tuple of str"):
            replace(yes_context, attributes=attributes)


def test_failed_stays_one_instance():
    assert copy.deepcopy(FAILED) is FAILED
    assert pickle.loads(pickle.dumps([FAILED]))[0] is FAILED


def test_real_terms_together(yes_context):
    history, title = (0, 1, 2, 3, 4, 5), yes_context.titles
    texts = [f'Yes. "{title[1]}" is maritime.', "No.", f'"{title[7]}"; "{title[8]}"', "hello"]
    terms = ["agreement", "ranking", "faithfulness", "grounding", "reasons"]
    composite = Composite(dict.fromkeys(terms, 1.0), yes_context)
    result = composite(
        texts,
        reasons=[2, None, None, None],
        task=["explanation", "classification", "ranking", "instruction"],
        history=[history] * 4,
        item=[6, 6, None, None],
        label=["yes", "yes", None, None],
        candidates=[None, None, (7, 8), None],
        prompt=["unread"] * 4,
    )
    # faithfulness: (0.2 - 4/15) / (0.6 - 4/15), see test_faithfulness_reward; ranking: 7 above 8 is
    # the worst order, clipped
    assert result.terms["faithfulness"] == [pytest.approx(-0.2), None, None, None]
    assert result.terms["ranking"] == [None, None, -1.0, None]
    assert result.terms["reasons"] == [0.5, None, None, None]
    assert result.total == [pytest.approx((1 - 0.2 + 1 + 0.5) / 4), 0.0, -1.0, None]
