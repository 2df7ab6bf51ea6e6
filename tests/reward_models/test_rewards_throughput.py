"""The benchmark measures what it claims to; its speed is not tested."""

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import pytest
from rewards_throughput import CHEAP, build, composite, forgetful, one_by_one, speed

from reward_models import REWARDS, context
from reward_models.perturb.effects import SubsetEffects


def test_texts_are_distinct_and_every_term_scores_them():
    world = where, texts, columns = build(num_items=60, history=6, questions=4, completions=3)
    assert len(set(texts)) == len(texts) == 12
    assert len(set(columns["history"])) == 4
    result = composite(texts, context=where, **columns)
    assert set(result.terms) == set(CHEAP) == set(REWARDS) - {"faithfulness", "judge"}
    assert all(
        scores.count(None) == 0 for name, scores in result.terms.items() if name != "ranking"
    )
    assert min(speed(world, REWARDS["faithfulness"], repeats=1)) > 0


def test_texts_scored_alone_share_no_pools_and_keep_the_catalogue(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world, texts, columns = build(num_items=60, history=6, questions=4, completions=3)
    together = REWARDS["faithfulness"](texts, context=forgetful(world), **columns)
    pools: list[SubsetEffects] = []

    def effects(*args: Any, **settings: Any) -> SubsetEffects:
        pools.append(SubsetEffects(*args, **settings))
        return pools[-1]

    monkeypatch.setattr(context, "SubsetEffects", effects)
    monkeypatch.setattr(context, "CitationFinder", None)
    assert one_by_one(texts, context=world, **columns) == pytest.approx(together)
    assert len(pools) == len(texts)
