"""Best of n: the reward chooses among samples, question by question."""

from typing import Any

from reward_models.composite import CompositeResult
from reward_models.types import FAILED, Score
from rl_explain.alignment.examples import Example
from rl_explain.evaluation.best_of_n import best_of_n

QUESTIONS = [Example("explanation", "hybrid", f"prompt {i}", "", item=i) for i in range(4)]
TOTALS: dict[str, Score] = {
    "0a": 0.2, "0b": 0.9, "0c": 0.5,
    "1a": None, "1b": -0.9, "1c": FAILED,
    "2a": 0.4, "2b": 0.4, "2c": 0.1,
    "3a": FAILED, "3b": None, "3c": None,
}  # fmt: skip


class Sampler:
    """Answers every prompt with its number and a letter."""

    def generate(self, prompts: list[str], **options: Any) -> list[list[str]]:
        assert options["temperature"] == 1
        letters = "abc"[: options["num_return_sequences"]]
        return [[prompt.removeprefix("prompt ") + x for x in letters] for prompt in prompts]


def reward(completions: list[str], item: list[int], **columns: Any) -> CompositeResult:
    assert [int(text[0]) for text in completions] == item  # each sample beside its own question
    return CompositeResult([TOTALS[text] for text in completions], {})


def test_the_best_scored_sample_the_first_of_equals() -> None:
    found = best_of_n(Sampler(), QUESTIONS, reward, 3, max_new_tokens=5, seed=0)  # type: ignore[arg-type]
    assert found == ["0b", "1b", "2a", "3a"]


def test_one_sample_is_that_sample() -> None:
    found = best_of_n(Sampler(), QUESTIONS, reward, 1, max_new_tokens=5, seed=0)  # type: ignore[arg-type]
    assert found == ["0a", "1a", "2a", "3a"]
