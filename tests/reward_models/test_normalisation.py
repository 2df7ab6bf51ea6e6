"""Normalised and clipped terms, and weight schedules."""

import json

import numpy as np
import pytest

from reward_models.composite import Composite
from reward_models.normalisation import Moments
from reward_models.types import FAILED

TEXTS = [""] * 4


def says(completions, *, context, scores, **columns):
    """A reward that returns a column."""
    return list(scores)


def other(completions, *, context, **columns):
    return [0.5] * len(completions)


REWARDS = {"a": says, "b": other}


def make(weights=None, **settings):
    return Composite(weights or {"a": 1}, None, REWARDS, ranges={}, **settings)


def test_nothing_is_normalised_by_default():
    scores = [0.3, 0.1, None, FAILED]
    assert make()(TEXTS, scores=scores).total == scores
    assert make(normalisation={"a": "none"})(TEXTS, scores=scores).total == scores


def test_a_batch_is_normalised_by_its_own_moments():
    scores = [1.0, 3.0, None, FAILED]  # mean 2, deviation 1
    result = make(normalisation={"a": "batch"})(TEXTS, scores=scores)
    assert result.total == [-1.0, 1.0, None, FAILED]
    assert result.terms == {"a": scores}  # logs and samples show raw scores


def test_a_constant_term_is_not_divided():
    for kind in ("batch", "running"):
        composite = make(normalisation={"a": kind})
        assert composite(TEXTS, scores=[0.1, 0.1, 0.1, None]).total == [0.0, 0.0, 0.0, None]
        assert composite([""], scores=[None]).total == [None]


def test_running_moments_cover_everything_scored_so_far():
    rng = np.random.default_rng(0)
    composite, seen = make(normalisation={"a": "running"}), []
    for size in (4, 1, 7):
        scores = rng.normal(3, 2, size).tolist()
        seen += scores
        expected = (np.array(scores) - np.mean(seen)) / (np.std(seen) or 1)
        total = composite([""] * size, scores=scores).total
        assert total == pytest.approx(expected)


def test_running_moments_do_not_depend_on_batches():
    values = np.random.default_rng(1).normal(size=20).tolist()
    whole, parts = Moments(), Moments()
    whole.add(values)
    for start in range(0, 20, 3):
        parts.add(values[start : start + 3])
    assert parts == whole


def test_a_resumed_run_equals_an_uninterrupted_one():
    rng = np.random.default_rng(2)
    batches = [rng.normal(size=5).tolist() for _ in range(4)]
    settings = {"normalisation": {"a": "running"}}
    through, before, after = make(**settings), make(**settings), make(**settings)
    expected = [through([""] * 5, scores=batch).total for batch in batches]
    found = [before([""] * 5, scores=batch).total for batch in batches[:2]]
    after.load_state(json.loads(json.dumps(before.state())))
    found += [after([""] * 5, scores=batch).total for batch in batches[2:]]
    assert found == expected


def test_clipping_comes_after_normalisation():
    scores = [0.0, 0.0, 0.0, 10.0]  # mean 2.5, deviation 10 sqrt(3) / 4: -0.577 and 1.732
    result = make(normalisation={"a": "batch"}, clip={"a": 1.5})(TEXTS, scores=scores)
    assert result.total == pytest.approx([-(3**-0.5)] * 3 + [1.5])
    assert make(clip={"a": 2.0})(TEXTS, scores=scores).total == [0, 0, 0, 2]


def test_a_schedule_is_linear_between_its_points_and_constant_outside():
    composite = make({"a": 1, "b": 5}, schedule={"b": [[0.25, 0], [0.75, 3]]})
    found = {}
    for progress in (0, 0.25, 0.5, 0.75, 1):
        composite.progress = progress
        found[progress] = composite.weights_now.get("b", 0.0)
    assert found == {0: 0, 0.25: 0, 0.5: 1.5, 0.75: 3, 1: 3}


def test_a_term_whose_weight_is_still_zero_is_not_computed():
    def broken(completions, **columns):
        raise AssertionError("computed")

    rewards = {"a": says, "b": broken}
    composite = Composite({"a": 1}, None, rewards, schedule={"b": [[0.5, 0], [1, 1]]})
    composite.progress = 0.5
    assert composite([""], scores=[0.25]).total == [0.25]
    composite.progress = 0.6
    with pytest.raises(AssertionError, match="computed"):
        composite([""], scores=[0.25])


def test_the_final_reward_has_a_fixed_zero():
    settings = {"normalisation": {"a": "batch"}, "clip": {"a": 0.1, "b": 0.4}}
    composite = make({"a": 1, "b": 1}, **settings, schedule={"b": [[0, 0], [1, 3]]})
    composite.progress = 0.0
    assert composite.final_reward()([""], scores=[1.0]).total == [(1 + 3 * 0.4) / 4]
    assert composite.state() == {}


def test_the_final_reward_is_the_same_if_nothing_changes():
    scores = [0.3, 0.1, None, FAILED]
    composite = make({"a": 1, "b": 2}, clip={"b": 0.3})
    assert composite.final_reward()(TEXTS, scores=scores) == composite(TEXTS, scores=scores)


def test_credits_are_scaled_like_the_total(yes_context):
    title = yes_context.titles
    texts = [*(f'Yes. "{title[i]}" is why "{title[6]}" is high.' for i in (0, 1)), "No."]
    columns = {
        "task": ["explanation"] * 3,
        "history": [(0, 1, 2, 3, 4, 5)] * 3,
        "item": [6] * 3,
        "label": ["yes"] * 3,
        "reasons": [1] * 3,
    }
    weights = {"faithfulness": 3, "grounding": 1}
    plain = Composite(weights, yes_context)
    before = plain.credits(texts, plain(texts, **columns), **columns)
    scaled = Composite(weights, yes_context, normalisation={"faithfulness": "batch"})
    result = scaled(texts, **columns)
    spread = float(np.std(result.terms["faithfulness"]))
    found = scaled.credits(texts, result, **columns)
    assert [c.value for [c] in found[:2]] == pytest.approx([c.value / spread for [c] in before[:2]])
    # past a bound no citation changes the total
    clipped = Composite(weights, yes_context, clip={"faithfulness": 0.9})
    result = clipped(texts, **columns)
    assert result.terms["faithfulness"][0] == 1
    assert [len(credits) for credits in clipped.credits(texts, result, **columns)] == [0, 1, 0]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"normalisation": {"x": "batch"}}, "unknown reward 'x'"),
        ({"normalisation": {"a": "Batch"}}, "'Batch': give none, batch or running"),
        ({"clip": {"x": 1}}, "unknown reward 'x'"),
        ({"clip": {"a": 0}}, "'a' is clipped at 0: give a number above 0"),
        ({"schedule": {"x": [[0, 1]]}}, "unknown reward 'x'"),
        ({"schedule": {"a": []}}, "give pairs of progress and weight"),
        ({"schedule": {"a": [[0, 1, 2]]}}, "give pairs of progress and weight"),
        ({"schedule": {"a": [[0, float("nan")]]}}, "give pairs of progress and weight"),
        ({"schedule": {"a": [[0, 1], [1.5, 1]]}}, r"progress \[0, 1.5\]: give increasing"),
        ({"schedule": {"a": [[0.5, 1], [0.5, 2]]}}, r"progress \[0.5, 0.5\]: give increasing"),
        ({"schedule": {"a": [[0, 1], [0.5, 0]]}}, "at progress 0.5 reward weights are .*above 0"),
    ],
)
def test_invalid_settings_are_errors(settings, message):
    with pytest.raises(ValueError, match=message):
        make(**settings)
