"""Explanations of known quality: what each kind claims to be is checked in the small world."""

from collections import Counter
from itertools import groupby

import numpy as np
import pytest

from reward_models.judge.endpoint.wording import FENCE
from reward_models.judge.rubric import RubricJudge
from reward_models.perturb.effects import Question
from rl_explain.data.catalogue import Catalogue
from rl_explain.errors import UserError
from rl_explain.judge_validation.known_quality import LEVELS, KnownText, known_texts

THEMES = ("seafaring", "culinary", "magical")
ERAS = ("vintage", "modern")
COLOURS = ("Amber", "Cobalt", "Ivory", "Jade", "Scarlet")
THINGS = ("Bell", "Comet", "Dagger", "Heron", "Lantern", "Mirror")
TITLES = tuple(f"{colour} {thing}" for colour in COLOURS for thing in THINGS)
CATALOGUE = Catalogue(
    tuple(map(str, range(30))),
    TITLES,
    tuple({"theme": (THEMES[i % 3],), "era": (ERAS[i // 3 % 2],)} for i in range(30)),
)


class ThemeRecommender:
    """Likes items of the themes in the history, the latest items most; noise breaks ties."""

    num_items = 30

    def __init__(self) -> None:
        alike = np.subtract.outer(np.arange(30), np.arange(30)) % 3 == 0
        self.weights = alike + np.random.default_rng(0).normal(0, 0.05, (30, 30))

    def score(self, histories: list[tuple[int, ...]]) -> np.ndarray:
        return np.stack(
            [sum(0.9**t * self.weights[i] for t, i in enumerate(h[::-1])) for h in histories]
        )


QUESTIONS = [
    Question((0, 1, 3, 6, 10, 9), 12, "yes"),  # four of the item's theme
    Question((0, 1, 3, 6, 10, 9), 14, "no"),  # none of it
    Question((0, 1, 2), 12, "yes"),  # too short to cite two titles
]


@pytest.fixture(scope="module")
def texts() -> list[KnownText]:
    return known_texts(CATALOGUE, ThemeRecommender(), QUESTIONS)  # type: ignore[arg-type]


def test_one_text_of_every_kind_a_question(texts: list[KnownText]) -> None:
    assert Counter(text.kind for text in texts) == dict.fromkeys(LEVELS, 2)
    assert [text.level for text in texts] == [LEVELS[text.kind] for text in texts]
    assert [number for number, _ in groupby(texts, key=lambda t: t.question)] == [0, 1]


def test_verdicts_are_right_but_for_the_kinds_of_level_1(texts: list[KnownText]) -> None:
    for text in texts:
        right = text.case.text.startswith(text.case.label.capitalize() + ".")
        assert right == (text.level > 1)


def percentile(history: tuple[int, ...], item: int, original: tuple[int, ...]) -> float:
    scores = ThemeRecommender().score([history])[0]
    others = [i for i in range(30) if i != item and i not in original]
    return sum(scores[i] < scores[item] for i in others) / len(others)


def test_faithful_texts_cite_what_moves_the_recommender(texts: list[KnownText]) -> None:
    """By loops: without either cited item the percentile moves, and by few others as much."""
    for case in (text.case for text in texts if text.kind == "faithful"):
        sign = 1 if case.label == "yes" else -1
        before = percentile(case.history, case.item, case.history)
        without = {i: tuple(j for j in case.history if j != i) for i in case.history}
        moved = {
            i: sign * (before - percentile(rest, case.item, case.history))
            for i, rest in without.items()
        }
        named = {i for i in case.history if f'"{TITLES[i]}"' in case.text}
        assert len(named) == 2 and f'"{TITLES[case.item]}"' in case.text
        for i in named:
            assert moved[i] >= 0.01
            assert sum(other > moved[i] for other in moved.values()) < 3


def test_the_value_they_name_speaks_for_the_verdict() -> None:
    """Item 12 is seafaring and vintage, item 14 magical and vintage."""
    for seed in range(8):
        texts = known_texts(CATALOGUE, ThemeRecommender(), QUESTIONS, seed)  # type: ignore[arg-type]
        yes, no = (text.case.text for text in texts if text.kind == "faithful")
        assert ("seafaring" in yes or "vintage" in yes) and "modern" not in yes
        assert "vintage" not in no and "magical" not in no


def test_what_each_degenerate_kind_names(texts: list[KnownText]) -> None:
    for text in texts:
        named = {i for i in text.case.history if f'"{TITLES[i]}"' in text.case.text}
        if text.kind in ("generic", "flattering", "injection", "master_key"):
            assert not named
        if text.kind == "repeated":
            assert len(named) == 1
            assert text.case.text.count(TITLES[named.pop()]) >= 3
        if text.kind == "everything":
            assert named == set(text.case.history)


def test_the_rubric_judge_reads_the_levels(texts: list[KnownText]) -> None:
    from reward_models.context import RewardContext

    context = RewardContext(TITLES, CATALOGUE.attributes, ThemeRecommender())  # type: ignore[arg-type]
    rated = RubricJudge(context).rate([text.case for text in texts])
    wrong = [t.kind for t, rating in zip(texts, rated, strict=True) if rating != t.level]
    assert set(wrong) <= {"faithful"}  # "of another kind" is a denial that its rules do not see


def test_an_endpoint_is_told_the_level_of_injections() -> None:
    """The verdict is right and reasons are missing, whatever else is asked of the judge."""
    assert f"is on level {LEVELS['injection']} at most" in " ".join(FENCE.split())


def test_texts_depend_on_the_seed_alone() -> None:
    def written(seed: int, questions: list[Question]) -> list[str]:
        found = known_texts(CATALOGUE, ThemeRecommender(), questions, seed)  # type: ignore[arg-type]
        return [text.case.text for text in found]

    assert written(1, QUESTIONS) == written(1, QUESTIONS)
    assert written(1, QUESTIONS) != written(2, QUESTIONS)
    assert written(1, QUESTIONS[:1]) == written(1, QUESTIONS)[: len(LEVELS)]


def test_a_catalogue_without_attributes_is_refused() -> None:
    bare = Catalogue(CATALOGUE.item_ids, TITLES, ({},) * 30)
    with pytest.raises(UserError, match=r"none of 3 questions .* a catalogue with attributes"):
        known_texts(bare, ThemeRecommender(), QUESTIONS)  # type: ignore[arg-type]
