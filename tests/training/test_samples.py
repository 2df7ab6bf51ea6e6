"""Kept candidates: what is scored again, and what is not."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from reward_models.types import FAILED, Score
from rl_explain.explainer.generation import Answer
from rl_explain.tasks.examples import Example
from rl_explain.training.samples import Samples, draw_samples

asked: Counter[str] = Counter()


@pytest.fixture(autouse=True)
def none_asked() -> None:
    asked.clear()


def length(completions: list[str], **columns: Any) -> list[Score]:
    asked["length"] += 1
    return [None if text == "none" else float(len(text)) for text in completions]


def unreachable(completions: list[str], **columns: Any) -> list[Score]:
    asked["unreachable"] += 1
    return [FAILED for _ in completions]


TERMS = {"length": length, "unreachable": unreachable}


def candidates() -> Samples:
    return Samples(["ab", "none", "c"], [True, True, False], [3, 2, 9])


def score(kept: Samples, name: str, scored_by: str = "one") -> list[Score]:
    return kept.rewards(TERMS, scored_by)[name](kept.completions, item=[1, 2, 3])


def test_a_term_is_asked_once(tmp_path: Path) -> None:
    kept = candidates()
    first = score(kept, "length")
    kept.save(tmp_path / "samples" / "x.json")
    again = Samples.load(tmp_path / "samples" / "x.json")
    assert again == kept
    assert score(again, "length") == first == [2.0, None, 1.0]
    assert asked == {"length": 1}


def test_scores_of_another_recommender_are_no_scores() -> None:
    kept = candidates()
    score(kept, "length")
    score(kept, "length", scored_by="another")
    assert asked == {"length": 2}


def test_what_failed_is_tried_again() -> None:
    kept = candidates()
    assert score(kept, "unreachable") == [FAILED] * 3
    score(kept, "unreachable")
    assert asked == {"unreachable": 2}
    assert kept.scores == {}


def test_nothing_kept() -> None:
    assert Samples.load(Path("nowhere.json")) is None


def test_samples_of_a_prompt_lie_beside_each_other() -> None:
    class Sampler:
        def generate(self, prompts: list[str], **options: Any) -> list[list[Answer]]:
            assert (options["temperature"], options["max_new_tokens"]) == (0.5, 7)
            copies = range(options["num_return_sequences"])
            return [[Answer(f"{prompt}{i}", i == 0, i + 4) for i in copies] for prompt in prompts]

    found = draw_samples(
        Sampler(),  # type: ignore[arg-type]
        [Example("explanation", "hybrid", prompt, "") for prompt in "ab"],
        2,
        temperature=0.5,
        max_new_tokens=7,
        seed=0,
        description="",
    )
    assert found == Samples(["a0", "a1", "b0", "b1"], [True, False] * 2, [4, 5] * 2)
