"""The measures against other libraries, and judges whose faults are known."""

from collections.abc import Sequence

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.metrics import cohen_kappa_score, confusion_matrix

from reward_models.judge.types import JudgeCase, Preference, Rating
from reward_models.types import FAILED
from rl_explain.judge_validation.known_quality import LEVELS, KnownText
from rl_explain.judge_validation.measures import (
    confusion,
    faithful_pairs,
    quadratic_kappa,
    spearman,
    to_level,
    validate_judge,
)

QUESTIONS = 27


def texts() -> list[KnownText]:
    """A text says its level, its question, and as many words as chance gave it."""
    rng = np.random.default_rng(5)
    return [
        KnownText(
            kind, level, n, JudgeCase(f"{level} {n}" + " x" * int(rng.integers(9)), (), 0, "yes")
        )
        for n in range(QUESTIONS)
        for kind, level in LEVELS.items()
    ]


class Told:
    """Reads the level off the text; each fault can be switched on."""

    def __init__(self, bias: bool = False, length: float = 0.0, silent: int = 0) -> None:
        self.bias, self.length, self.silent = bias, length, silent

    def _one(self, case: JudgeCase) -> float:
        return min(4.0, float(case.text[0]) + self.length * len(case.text.split()))

    def rate(self, cases: Sequence[JudgeCase]) -> list[Rating]:
        silent = [case.text.split()[1] == "0" and bool(self.silent) for case in cases]
        return [
            FAILED if quiet else self._one(case) for case, quiet in zip(cases, silent, strict=True)
        ]

    def prefer(self, pairs: Sequence[tuple[JudgeCase, JudgeCase]]) -> list[Preference]:
        if self.bias:
            return ["first"] * len(pairs)
        return ["first" if self._one(a) > self._one(b) else "second" for a, b in pairs]


def test_a_perfect_judge() -> None:
    found = validate_judge(Told(), texts())
    metrics = found.metrics()
    for name in ("accuracy", "kappa", "self_agreement", "position_consistency"):
        assert metrics[name] == 1
    assert metrics["preference_accuracy"] == 1
    assert metrics["first_share"] == 0.5
    assert metrics["unanswered"] == 0
    assert metrics["length_correlation"] is None  # its ratings do not vary within a level
    assert metrics["at_or_above_faithful/flattering"] == 0
    assert found.confusion().tolist() == np.diag([2, 6, 1, 1] * np.full(4, QUESTIONS)).tolist()


def test_a_judge_with_a_favourite_position() -> None:
    metrics = validate_judge(Told(bias=True), texts()).metrics()
    assert metrics["position_consistency"] == 0
    assert metrics["first_share"] == 1
    assert metrics["preference_accuracy"] == 0


def test_a_judge_that_likes_length() -> None:
    found = validate_judge(Told(length=0.01), texts())
    assert found.metrics()["length_correlation"] > 0.9  # at level 4 it is at the bound
    assert np.isnan(found.length_correlations()[4])
    assert found.length_correlations()[2] == pytest.approx(1)


def test_a_judge_that_does_not_agree_with_itself() -> None:
    class Shifted(Told):
        def _one(self, case: JudgeCase) -> float:
            return 1.0 if case.text[0] == "2" else super()._one(case)

    metrics = validate_judge(Told(), texts(), again=Shifted()).metrics()
    assert metrics["self_agreement"] == pytest.approx(1 - 6 / 10)
    assert metrics["accuracy"] == 1


def test_what_was_not_answered_counts_nowhere_else() -> None:
    found = validate_judge(Told(silent=1), texts())
    metrics = found.metrics()
    asked = QUESTIONS * len(LEVELS) + 2 * QUESTIONS
    assert metrics["unanswered"] == pytest.approx(len(LEVELS) / asked)
    assert metrics["accuracy"] == 1
    assert found.confusion().sum() == (QUESTIONS - 1) * len(LEVELS)


def test_a_judge_that_never_answers_has_no_figures() -> None:
    class Silent:
        def rate(self, cases: Sequence[JudgeCase]) -> list[Rating]:
            return [FAILED] * len(cases)

        def prefer(self, pairs: Sequence[tuple[JudgeCase, JudgeCase]]) -> list[Preference]:
            return [FAILED] * len(pairs)

    metrics = validate_judge(Silent(), texts()).metrics()
    assert metrics.pop("unanswered") == 1
    assert metrics.pop("texts") == QUESTIONS * len(LEVELS)
    assert set(metrics.values()) == {None}


def test_every_kind_meets_the_faithful_text() -> None:
    by_text = {text.case.text: text for text in texts()}
    pairs = [(by_text[a.text], by_text[b.text]) for a, b in faithful_pairs(texts())]
    assert all(a.kind == "faithful" and a.question == b.question for a, b in pairs)
    assert {b.kind for _, b in pairs} == set(LEVELS) - {"faithful"}


def test_kappa_and_confusion_as_scikit_learn_has_them() -> None:
    rng = np.random.default_rng(2)
    true = rng.integers(1, 5, 200)
    given = np.clip(true + rng.integers(-1, 2, 200), 1, 4)
    counts = confusion(true, given)
    assert counts.tolist() == confusion_matrix(true, given).tolist()
    expected = cohen_kappa_score(true, given, weights="quadratic")
    assert quadratic_kappa(counts) == pytest.approx(expected)
    assert np.isnan(quadratic_kappa(confusion(np.ones(5, int), np.ones(5, int))))


def test_spearman_as_scipy_has_it() -> None:
    rng = np.random.default_rng(3)
    a, b = rng.integers(0, 6, 50), rng.normal(size=50)
    assert spearman(a, b) == pytest.approx(spearmanr(a, b).statistic)
    assert np.isnan(spearman(np.ones(5), b[:5])) and np.isnan(spearman(a[:1], b[:1]))


def test_levels_round_halves_up() -> None:
    assert to_level(np.array([1.0, 1.49, 1.5, 2.5, 3.5, 4.0])).tolist() == [1, 1, 2, 3, 4, 4]
