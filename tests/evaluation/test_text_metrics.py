"""Text metrics by hand, and ROUGE-L against a longest common subsequence by recursion."""

from functools import cache

import numpy as np
import pytest

from rl_explain.evaluation.text import distinct_2, distinct_2_estimate, length, rouge_l, words


def test_words_are_case_folded_and_of_any_script() -> None:
    assert words('Yes. "The Silent Tide" isn\'t sci-fi: Ärger, 漢字!') == [
        *("yes", "the", "silent", "tide", "isn't", "sci-fi", "ärger", "漢字"),
    ]
    assert length("") == 0


def test_distinct_2_by_hand() -> None:
    """Bigrams: a-b, b-a, a-b | a-b, b-c: 5 in all, {ab, ba, bc} distinct; none across texts."""
    texts = ["a b a b", "A b, c"]
    assert distinct_2(texts) == 3 / 5
    assert np.isnan(distinct_2(["word", ""]))


def test_distinct_2_estimate_agrees_and_brackets_it() -> None:
    rng = np.random.default_rng(0)
    vocabulary = [f"w{i}" for i in range(30)]
    texts = [" ".join(rng.choice(vocabulary, size=12)) for _ in range(60)]
    found = distinct_2_estimate(texts, np.repeat(np.arange(30), 2))
    assert found.value == distinct_2(texts)
    assert found.low < found.value < found.high
    assert found.high - found.low < 0.2


def test_distinct_2_estimate_of_wordless_texts_is_undefined() -> None:
    assert np.isnan(distinct_2_estimate(["", "one"], np.array([0, 1])).value)


def slow_rouge_l(text: str, reference: str) -> float:
    a, b = tuple(words(text)), tuple(words(reference))

    @cache
    def common(i: int, j: int) -> int:
        if i == len(a) or j == len(b):
            return 0
        if a[i] == b[j]:
            return 1 + common(i + 1, j + 1)
        return max(common(i + 1, j), common(i, j + 1))

    lcs = common(0, 0)
    return 2 * lcs / (len(a) + len(b)) if lcs else 0.0


def test_rouge_l_against_a_slow_subsequence() -> None:
    rng = np.random.default_rng(1)
    draw = lambda: " ".join(rng.choice(list("abcdeäö"), size=rng.integers(1, 12)))  # noqa: E731
    texts, references = [draw() for _ in range(40)], [draw() for _ in range(40)]
    expected = [slow_rouge_l(t, r) for t, r in zip(texts, references, strict=True)]
    assert rouge_l(texts, references) == pytest.approx(expected)
    assert max(expected) > 0.5


def test_rouge_l_of_nothing_is_zero() -> None:
    assert rouge_l(["", "a"], ["a b", ""]) == [0.0, 0.0]
