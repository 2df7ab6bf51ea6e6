"""What the citation baselines cite, by hand, and what it is worth."""

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
from small_world import World

from reward_models.perturb.effects import Measure, distinct
from reward_models.perturb.measures import log_probability, percentile
from rl_explain.config.settings import Rule
from rl_explain.evaluation.baselines import (
    UNORDERED,
    CitationBaselines,
    baseline_texts,
    reasons_allowed,
)
from rl_explain.evaluation.cases import question
from rl_explain.evaluation.faithfulness import FaithfulnessMeter
from rl_explain.tasks.examples import Example

FAITHFULNESS_SCORE = "faithfulness/score"


def baselines(world: World, seed: int = 0, measure: Measure = percentile) -> CitationBaselines:
    return CitationBaselines(world.recommender, world.context, world.interactions, seed, measure)


def texts_of(world: World, name: str, verdict: str = "first", seed: int = 0) -> list[str]:
    choose = baselines(world, seed).choose[name]
    catalogue = world.interactions.catalogue
    return baseline_texts(choose, world.examples, catalogue, verdict, seed)  # type: ignore[arg-type]


def normalised(world: World, name: str) -> np.ndarray:
    readings = [world.context.read(text) for text in texts_of(world, name)]
    return FaithfulnessMeter(world.context).measure(readings, world.examples)[FAITHFULNESS_SCORE]


@pytest.mark.parametrize("verdict", ["first", "last"])
@pytest.mark.parametrize("name", get_args(Rule))
def test_texts_say_the_label_and_cite_as_many_as_asked(
    world: World, name: str, verdict: str
) -> None:
    for text, e in zip(texts_of(world, name, verdict), world.examples, strict=True):
        reading = world.context.read(text)
        assert reading.verdict == e.label
        assert e.item in reading.items
        assert len(reading.cited(e.history)) == min(e.reasons or 1, max(1, len(e.history) // 3))
        assert reading.items <= {*e.history, e.item}
        assert not reading.unknown


def test_no_more_is_cited_than_the_score_allows(world: World) -> None:
    allowed = [max(1, len(e.history) // 3) for e in world.examples]
    assert {1, 2, 3} == set(allowed)
    for asked in (3, None):
        examples = [replace(e, reasons=asked) for e in world.examples]
        assert [reasons_allowed(e) for e in examples] == allowed


def test_last_k_takes_the_latest_distinct_items(world: World) -> None:
    choose = baselines(world).choose["last_k"]
    asked = question(world.examples[0])._replace(history=(4, 5, 9, 5, 9))
    assert choose([asked, asked], [1, 3]) == [(9,), (9, 5, 4)]


def test_most_similar_is_the_nearest_or_for_a_no_the_furthest(world: World) -> None:
    choose = baselines(world).choose["most_similar"]
    shown = world.recommender.shown
    mean = shown.mean(axis=0)
    for e in world.examples:
        target = shown[e.item] - mean
        cosine = {
            i: target @ (shown[i] - mean) / np.linalg.norm(target) / np.linalg.norm(shown[i] - mean)
            for i in e.history
        }
        extreme = max if e.label == "yes" else min
        assert choose([question(e)], [1]) == [(extreme(cosine, key=lambda i: cosine[i]),)]


def test_contribution_dot_takes_what_adds_most_to_the_score(world: World) -> None:
    """Of a linear recommender without decay an item's contribution is its own embedding."""

    class Plain(type(world.recommender)):  # type: ignore[misc]
        def _user(self, history: tuple[int, ...]) -> np.ndarray:
            return self.taken[list(history)].sum(axis=0)

    recommender = Plain(0)
    shown = recommender.shown - recommender.shown.mean(axis=0)
    rules = CitationBaselines(recommender, world.context, world.interactions)
    for e in world.examples:
        (order,) = rules.orders("contribution_dot", [question(e)])
        added = [recommender.taken[i] @ shown[e.item] for i in order]
        assert sorted(order) == sorted(e.history)
        assert added == sorted(added, reverse=e.label == "yes")
    assert rules.choose["contribution_dot"]([], []) == []


def test_leave_one_out_takes_what_moves_the_item_most_by_itself(world: World) -> None:
    choose = baselines(world).choose["leave_one_out"]
    for e in world.examples:
        sign = 1 if e.label == "yes" else -1

        def standing(history: tuple[int, ...], e: Example = e, sign: int = sign) -> float:
            scores = world.recommender.score([history])[0]
            rest = np.delete(scores, [*e.history, e.item])
            own = scores[e.item]
            return sign * float(np.mean((rest < own) + (rest == own) / 2))

        moved = {i: -standing(tuple(x for x in e.history if x != i)) for i in e.history}
        (first,) = choose([question(e)], [1])[0]
        assert moved[first] == pytest.approx(max(moved.values()))


def test_popularity_counts_what_the_recommender_trained_on(world: World) -> None:
    counts = np.zeros(len(world.context.titles))
    for sequence in world.interactions.sequences:
        counts[list(sequence[:-2])] += 1
    for e in world.examples:
        (order,) = baselines(world).orders("popularity", [question(e)])
        assert sorted(order) == sorted(set(e.history))
        assert (np.diff(counts[list(order)]) <= 0).all()


@pytest.mark.parametrize("label", ["yes", "no"])
@pytest.mark.parametrize("measure", [percentile, log_probability])
def test_greedy_takes_the_item_that_helps_most_beside_those_taken(
    world: World, measure: Measure, label: str
) -> None:
    questions = [question(e)._replace(label=label) for e in world.examples]  # type: ignore[arg-type]
    found = baselines(world, measure=measure).orders("greedy", questions)
    for asked, order in zip(questions, found, strict=True):
        assert sorted(order) == sorted(set(asked.history))
        for place in range(len(order) - 1):
            standing_without = {}
            for item in distinct(asked.history):
                if item not in order[:place]:
                    left = tuple(i for i in asked.history if i not in (*order[:place], item))
                    scores = world.recommender.score([left])
                    (value,) = measure(scores, np.array([asked.item]), [asked.history])
                    standing_without[item] = value if label == "yes" else -value
            assert standing_without[order[place]] == pytest.approx(min(standing_without.values()))


def test_orders_begin_with_what_is_chosen(world: World) -> None:
    asked = [question(e) for e in world.examples]
    for name in get_args(Rule):
        if name != UNORDERED:
            orders = baselines(world).orders(name, asked)
            assert [sorted(o) for o in orders] == [sorted(set(q.history)) for q in asked]
            chosen = baselines(world).choose[name](asked, [2] * len(asked))
            assert chosen == [order[:2] for order in orders]


def test_random_depends_on_its_seed_alone(world: World) -> None:
    assert texts_of(world, "random") == texts_of(world, "random")
    assert texts_of(world, "random") != texts_of(world, "random", seed=1)


def test_the_oracle_scores_one_and_the_others_less(world: World) -> None:
    oracle = normalised(world, "oracle")
    posed = ~np.isnan(oracle)
    assert posed.sum() > 10
    assert oracle[posed] == pytest.approx(1)
    for name in ("random", "last_k", "most_similar"):
        other = normalised(world, name)
        assert (np.isnan(other) == ~posed).all()
        assert other[posed].mean() < 0.9
