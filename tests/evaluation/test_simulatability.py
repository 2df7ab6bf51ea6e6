"""What readers can learn from explanations that are made to teach them, or not."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from small_world import World

from rl_explain.evaluation.simulatability import LEAKING, OTHER, Readers, gain
from rl_explain.evaluation.statistics import Estimate
from rl_explain.tasks.examples import Example

Say = Callable[[Example], str]


def cases(world: World, seed: int, count: int) -> list[Example]:
    """Random items of the world's histories, each with a label that is drawn by chance."""
    rng = np.random.default_rng(seed)
    examples = []
    for number in range(count):
        e = world.examples[int(rng.integers(len(world.examples)))]
        item = int(rng.choice(np.setdiff1d(np.arange(24), e.history)))
        examples.append(replace(e, user=number, item=item, label=str(rng.choice(["yes", "no"]))))
    return examples


def read(world: World, say: Say) -> dict[str, np.ndarray]:
    training, test = cases(world, 1, 200), cases(world, 2, 160)
    readers = Readers(training, test, world.interactions, world.recommender, world.context)
    return readers.read([say(e) for e in training], [say(e) for e in test])


def means(columns: dict[str, np.ndarray]) -> dict[str, float]:
    defined = {name.split("/")[1]: v[~np.isnan(v)] for name, v in columns.items()}
    return {name: float(values.mean()) for name, values in defined.items() if len(values)}


def test_verdict_words_are_masked(world: World) -> None:
    """Labels are chance and texts say them: nothing is left to read them from."""
    columns = read(world, lambda e: f"{e.label.capitalize()}. It is so. Verdict: {e.label}.")  # type: ignore[union-attr]
    assert (
        columns["simulatability/accuracy_both"] == columns["simulatability/accuracy_history"]
    ).all()
    assert means(columns)["accuracy_text"] == pytest.approx(0.5, abs=0.12)
    assert np.isnan(gain(columns, np.arange(160)).value) or gain(columns, np.arange(160)).value == 0


def test_other_words_leak(world: World) -> None:
    columns = read(world, lambda e: "Yes. It rises high." if e.label == "yes" else "No. It sinks.")
    assert means(columns)["accuracy_text"] == 1
    assert means(columns)["accuracy_both"] == 1
    assert np.isnan(columns[OTHER]).all()
    assert gain(columns, np.arange(160)) == pytest.approx(Estimate(*[np.nan] * 3), nan_ok=True)


def test_titles_that_tell_with_the_item_alone_are_a_gain(world: World) -> None:
    """Texts of yes name what is most like the item, of no what is least like: the words are equal,
    so only who knows the item can tell."""
    shown = world.recommender.shown - world.recommender.shown.mean(axis=0)
    shown /= np.linalg.norm(shown, axis=1, keepdims=True)

    def say(e: Example) -> str:
        near = sorted(e.history, key=lambda i: float(shown[i] @ shown[e.item]))
        return f'Because of "{world.context.titles[near[-1 if e.label == "yes" else 0]]}".'

    columns = read(world, say)
    found = means(columns)
    assert found["accuracy_history"] == pytest.approx(0.5, abs=0.12)
    assert found["accuracy_text"] == pytest.approx(0.5, abs=0.12)
    assert found["accuracy_both"] > 0.85
    estimate = gain(columns, np.arange(160), 200)
    assert estimate.value == pytest.approx((found["gain_leaking"] + found["gain_other"]) / 2)
    assert 0.2 < estimate.low < estimate.value < estimate.high


def test_gain_by_hand() -> None:
    """40 leaking cases gain 1/4 on average, 80 others 1/2: half of the sum, 3/8."""
    nan = np.nan
    leaking = np.array([1, 0, 0, 0] * 10 + [nan] * 80)
    other = np.array([nan] * 40 + [1, 0] * 40)
    found = gain({LEAKING: leaking, OTHER: other}, np.repeat(np.arange(60), 2), 300)
    assert found.value == pytest.approx(3 / 8)
    assert found.low < 3 / 8 < found.high
    few = np.where(np.arange(120) < 29, leaking, nan)
    assert np.isnan(gain({LEAKING: few, OTHER: other}, np.arange(120)).value)


def test_texts_without_a_word_are_read(world: World) -> None:
    columns = read(world, lambda e: "")
    assert (
        columns["simulatability/accuracy_both"] == columns["simulatability/accuracy_history"]
    ).all()
