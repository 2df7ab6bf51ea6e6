"""Faithfulness metrics against their definitions, written out in loops."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from small_world import World, slow_percentile

from reward_models.context import RewardContext
from reward_models.perturb.perturbations import replacement
from reward_models.types import MASKED
from rl_explain.evaluation.faithfulness import REPLACEMENT_DRAWS, FaithfulnessMeter
from rl_explain.tasks.examples import Example

History = tuple[int, ...]


def text(world: World, verdict: str, cited: Sequence[int], item: int) -> str:
    asked, *titles = [f'"{world.context.titles[row]}"' for row in (item, *cited)]
    return f"{verdict.capitalize()}. {asked} is about {' and '.join(titles) or 'nothing'}."


def texts_of(world: World, said: Sequence[tuple[str, History, int]]) -> list[str]:
    return [text(world, *each) for each in said]


def measured(world: World, texts: Sequence[str], examples: Sequence[Example]) -> dict:
    readings = [world.context.read(t) for t in texts]
    return FaithfulnessMeter(world.context).measure(readings, examples)


def slow_log_probability(scores: np.ndarray, item: int, original: History) -> float:
    allowed = [i for i in range(len(scores)) if i not in original]
    return float(scores[item] - np.log(np.exp(scores[allowed]).sum()))


def delete(history: History, gone: Sequence[int]) -> History:
    return tuple(i for i in history if i not in gone)


def mask(history: History, gone: Sequence[int]) -> History:
    return tuple(MASKED if i in gone else i for i in history)


class Slow:
    """DESIGN's definitions, one history at a time."""

    def __init__(
        self, world: World, e: Example, take: Callable, opinion: Callable, least_gap: float = 0.01
    ) -> None:
        self.e, self.take, self.least_gap = e, take, least_gap
        self.sign = 1 if e.label == "yes" else -1
        self.p = lambda h: opinion(world.recommender.score([h])[0], e.item, e.history)

    def comprehensiveness(self, cited: Sequence[int]) -> float:
        return self.sign * (self.p(self.e.history) - self.p(self.take(self.e.history, cited)))

    def sufficiency(self, cited: Sequence[int]) -> float:
        rest = [i for i in self.e.history if i not in cited]
        return self.sign * (self.p(self.take(self.e.history, rest)) - self.p(self.e.history))

    def subsets(self, k: int) -> list[History]:
        return list(combinations(self.e.history, k))

    def normalised(self, verdict: str, cited: Sequence[int], named: int) -> float:
        k = self.e.reasons or min(3, max(1, len(self.e.history) // 3))
        values = [self.comprehensiveness(s) for s in self.subsets(k)]
        gap = max(values) - np.mean(values)
        if gap < self.least_gap:
            return np.nan
        if verdict != self.e.label:
            return -1.0
        if not 0 < len(cited) <= k:
            return 0.0
        score = (self.comprehensiveness(cited) - np.mean(values)) / gap
        return float(np.clip(score, -1, 1 if named == self.e.item else 0))


def answers(world: World, seed: int) -> list[tuple[str, History, int]]:
    """Verdicts that are mostly right, random cited sets, from none to too many, and the item that
    they are said to be reasons for, which is mostly the one asked about."""
    rng = np.random.default_rng(seed)
    drawn = []
    for e in world.examples:
        verdict = str(rng.choice([e.label, e.label, "yes", "no"]))
        count = rng.integers(0, min(4, len(e.history)))
        outside = next(i for i in range(24) if i not in (*e.history, e.item))
        named = int(rng.choice([e.item, e.item, e.item, outside]))
        drawn.append((verdict, tuple(rng.permutation(e.history)[:count].tolist()), named))
    return drawn


WAYS = {
    "faithfulness/{}": (delete, slow_percentile),
    "faithfulness/{}_masking": (mask, slow_percentile),
    "faithfulness/{}_log_probability": (delete, slow_log_probability, 0.05),
    "faithfulness_top10/{}": (delete, slow_log_probability, 0.05),
}


@pytest.mark.parametrize("name", WAYS)
def test_all_metrics_match_the_definitions(world: World, name: str) -> None:
    said = answers(world, seed=1)
    found = measured(world, texts_of(world, said), world.examples)
    compared = 0
    for i, ((verdict, cited, named), e) in enumerate(zip(said, world.examples, strict=True)):
        slow = Slow(world, e, *WAYS[name])
        scores = world.recommender.score([e.history])[0]
        best = sorted(set(range(len(scores))) - {*e.history}, key=lambda j: -scores[j])[:10]
        if "top10" in name and e.item not in best:
            assert np.isnan(found[name.format("score")][i])
            assert np.isnan(found[name.format("ill_posed")][i])
            continue
        score = slow.normalised(verdict, cited, named)
        expected = {"score": score, "ill_posed": float(np.isnan(score))}
        for metric in ("comprehensiveness", "sufficiency"):
            own = getattr(slow, metric)
            subsets = slow.subsets(len(cited))
            expected[metric] = own(cited) if cited else np.nan
            expected[f"{metric}_random"] = np.mean([own(s) for s in subsets]) if cited else np.nan
        for metric, value in expected.items():
            got = found[name.format(metric)][i]
            assert got == pytest.approx(value, abs=1e-6, nan_ok=True), (metric, e, cited)
            compared += not np.isnan(value)
    assert compared > 50


def test_mean_random_replacement_averages_over_draws(world: World) -> None:
    said = answers(world, seed=4)
    found = measured(world, texts_of(world, said), world.examples)
    scores = found["faithfulness/score_replacement_mean"]
    num_items, seed = len(world.context.titles), world.context.seed
    draws = [replacement(num_items, seed + n) for n in range(REPLACEMENT_DRAWS)]
    for answer, e, score in zip(said, world.examples, scores, strict=True):
        slow = [Slow(world, e, draw, slow_percentile) for draw in draws]
        together = Slow(world, e, delete, slow_percentile)
        together.comprehensiveness = lambda s, slow=slow: np.mean(  # type: ignore[method-assign]
            [one.comprehensiveness(s) for one in slow]
        )
        assert score == pytest.approx(together.normalised(*answer), abs=1e-6, nan_ok=True)
    assert not np.allclose(scores, found["faithfulness/score_replacement"], equal_nan=True)


def test_log_probabilities_that_move_by_less_than_a_twentieth_are_ill_posed(world: World) -> None:
    recommender = deepcopy(world.recommender)
    recommender.taken *= 0.05
    context = RewardContext(world.context.titles, world.context.attributes, recommender)
    world = replace(world, recommender=recommender, context=context)
    said = [(e.label or "", e.history[:1], e.item or 0) for e in world.examples]
    found = measured(world, texts_of(world, said), world.examples)
    for i, (answer, e) in enumerate(zip(said, world.examples, strict=True)):
        slow = Slow(world, e, delete, slow_log_probability, 0.05)
        expected = pytest.approx(slow.normalised(*answer), abs=1e-6, nan_ok=True)
        assert found["faithfulness/score_log_probability"][i] == expected
        if not np.isnan(found["faithfulness_top10/score_membership"][i]):
            assert found["faithfulness_top10/score"][i] == expected
    assert 0 < np.isnan(found["faithfulness/score_log_probability"]).sum() < len(said)


def test_every_way_to_answer_is_scored_on_the_same_cases(world: World) -> None:
    """Here about each user's best and worst item, which often nothing that is taken away moves."""
    extreme = [replace(e, item=_first_or_last(world, e)) for e in world.examples]
    world = replace(world, examples=extreme)
    written = [texts_of(world, answers(world, seed)) for seed in range(5)]
    written += [[""] * len(extreme), ["Perhaps."] * len(extreme)]
    found = [measured(world, texts, extreme) for texts in written]
    for name in [name for name in found[0] if "/score" in name]:
        undefined = [np.isnan(columns[name]).tolist() for columns in found]
        assert undefined[1:] == undefined[:-1], name
    assert 0 < np.isnan(found[0]["faithfulness/score"]).sum() < len(extreme)


def _first_or_last(world: World, e: Example) -> int:
    scores = world.recommender.score([e.history])[0]
    scores[list(e.history)] = np.nan
    return int(np.nanargmax(scores) if e.label == "yes" else np.nanargmin(scores))


def test_masking_and_deletion_disagree(world: World) -> None:
    said = answers(world, seed=2)
    found = measured(world, texts_of(world, said), world.examples)
    by_deletion = found["faithfulness/comprehensiveness"]
    by_masking = found["faithfulness/comprehensiveness_masking"]
    assert (np.nan_to_num(by_deletion - by_masking) != 0).sum() >= 4


def slow_rank(values: Sequence[float], place: int) -> float:
    others = [v for i, v in enumerate(values) if i != place]
    below = sum(v < values[place] - 1e-9 for v in others)
    ties = sum(abs(v - values[place]) < 1e-9 for v in others)
    return (below + ties / 2) / len(others)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_influence_percentile_of_each_item(world: World, place: int) -> None:
    expected = []
    for e in world.examples:
        slow = Slow(world, e, delete, slow_percentile)
        expected.append(slow_rank([slow.comprehensiveness([i]) for i in e.history], place))
    texts = [text(world, e.label or "", [e.history[place]], e.item or 0) for e in world.examples]
    found = measured(world, texts, world.examples)["faithfulness/cited_influence_percentile"]
    assert found == pytest.approx(expected)
    assert len(set(expected)) > 4


def test_influence_percentile_of_everything_is_chance(world: World) -> None:
    for cited, expected in ((True, 0.5), (False, np.nan)):
        texts = [
            text(world, "yes", e.history if cited else [], e.item or 0) for e in world.examples
        ]
        found = measured(world, texts, world.examples)["faithfulness/cited_influence_percentile"]
        assert found == pytest.approx(expected, nan_ok=True)


def test_short_histories_are_not_scored(world: World) -> None:
    short = [replace(e, history=(*e.history[:2], e.history[0])) for e in world.examples[:4]]
    texts = [text(world, e.label or "", e.history[:1], e.item or 0) for e in short]
    found = measured(world, texts, short)
    assert all(np.isnan(values).all() for values in found.values())


def test_no_cases_give_no_numbers(world: World) -> None:
    assert all(len(values) == 0 for values in measured(world, [], []).values())
