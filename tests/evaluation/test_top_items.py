"""What texts about top items are scored as."""

from dataclasses import replace

import numpy as np
import pytest
from small_world import World

from rl_explain.evaluation.literature import curve_metrics, fixed_length_metrics, points
from rl_explain.evaluation.strata import CONFIDENCES, LENGTHS
from rl_explain.evaluation.top_items import DRAWS, TopItemScorer
from rl_explain.tasks.examples import Example

LONGEST = 10


def top_items(world: World) -> list[Example]:
    examples = []
    for e in world.examples[::2]:
        scores = world.recommender.score([e.history])[0]
        scores[list(e.history)] = -np.inf
        examples.append(replace(e, item=int(scores.argmax()), label="yes", prompt=f"top {e.user}"))
    return examples


def text(world: World, verdict: str, named: tuple[int, ...]) -> str:
    return f"{verdict}. " + " and ".join(f'"{world.context.titles[item]}"' for item in named)


def test_a_text_that_names_everything_is_its_own_order(world: World) -> None:
    examples = top_items(world)
    scorer = TopItemScorer(examples, world.context, LONGEST)
    orders = [e.history[::-1] for e in examples]
    said = scorer.texts([text(world, "Yes", order) for order in orders])
    for name, values in scorer.orders(orders).columns.items():
        assert said.columns[name] == pytest.approx(values, nan_ok=True), name


@pytest.mark.parametrize("said", ["No", "", "Yes. No"])
def test_without_a_yes_the_order_is_random(world: World, said: str) -> None:
    scorer = TopItemScorer(top_items(world), world.context, LONGEST)
    best = [q.history[:2] for q in scorer.questions]
    silent = scorer.texts(["Yes."] * len(best))
    other = scorer.texts([text(world, said, named) for named in best])
    named = scorer.texts([text(world, "Yes", named) for named in best])
    for name, values in silent.columns.items():
        assert other.columns[name] == pytest.approx(values, nan_ok=True), name
    assert (named.columns["literature/del/ke_1"] != silent.columns["literature/del/ke_1"]).any()


def test_random_completions_average_to_the_mean_over_all_of_them(world: World) -> None:
    """Of a history of three items one named item leaves two orders."""
    examples = [e for e in top_items(world) if len(e.history) == 3]
    scorer = TopItemScorer(examples, world.context, LONGEST, seed=5)
    found = scorer.texts([text(world, "Yes", e.history[1:2]) for e in examples]).columns
    for i, (e, q) in enumerate(zip(examples, scorer.questions, strict=True)):
        a, b, c = e.history
        both = points(
            world.recommender,
            world.recommender.num_items,
            [q, q],
            [(b, a, c), (b, c, a)],
            lambda history, gone: tuple(item for item in history if item not in gone),
        )
        expected = curve_metrics(*both) | fixed_length_metrics(*both)
        for name, (one, other) in expected.items():
            value = found[f"literature/{name}"][i]
            if name.endswith("ke_1"):
                assert value == pytest.approx(one) == pytest.approx(other)
            elif not np.isnan(one):
                weights = np.arange(DRAWS + 1) / DRAWS
                assert np.isclose(value, weights * one + (1 - weights) * other).any()
                assert min(one, other) <= value <= max(one, other) or one == pytest.approx(other)


def test_how_many_are_named_is_told(world: World) -> None:
    scorer = TopItemScorer(top_items(world), world.context, LONGEST)
    texts = [text(world, "Yes", q.history[: i % 3]) for i, q in enumerate(scorer.questions)]
    answered = scorer.texts(texts)
    for size in (1, 2, 3):
        expected = [i % 3 >= size for i in range(len(texts))]
        assert answered.columns[f"literature/cites/ke_{size}"].tolist() == expected
    assert answered.examples[0].task == "top_item"
    sample = answered.samples(world.context.titles)[2]
    assert sample["named"] == [world.context.titles[i] for i in scorer.questions[2].history[:2]]
    assert len(sample["scores"]) == 5


def test_masking_is_another_question(world: World) -> None:
    scorer = TopItemScorer(top_items(world), world.context, LONGEST)
    columns = scorer.orders([q.history[::-1] for q in scorer.questions]).columns
    assert (columns["literature/del"] != columns["literature_masking/del"]).any()


def test_scores_do_not_depend_on_the_batch(world: World) -> None:
    examples = top_items(world)
    together = TopItemScorer(examples, world.context, LONGEST).texts(["Yes."] * len(examples))
    for i, example in enumerate(examples):
        alone = TopItemScorer([example], world.context, LONGEST).texts(["Yes."])
        for name, values in alone.columns.items():
            if "/confidence_" not in name:  # terciles are of the batch
                assert values[0] == pytest.approx(together.columns[name][i], nan_ok=True)


def test_strata_hold_every_case_once(world: World) -> None:
    scorer = TopItemScorer(top_items(world), world.context, LONGEST)
    columns = scorer.orders([q.history for q in scorer.questions]).columns
    whole = columns["literature/del"]
    for names in (LENGTHS, CONFIDENCES):
        parts = np.array([columns[f"literature/del/{name}"] for name in names])
        assert ((~np.isnan(parts)).sum(axis=0) == 1).all()
        assert np.nansum(parts, axis=0) == pytest.approx(whole)
    short = columns["literature/del/history_short"]
    assert [not np.isnan(v) for v in short] == [len(q.history) <= 3 for q in scorer.questions]
    sure, unsure = (columns[f"literature/ins/confidence_{name}"] for name in ("high", "low"))
    assert np.nanmax(unsure) < np.nanmax(sure)
