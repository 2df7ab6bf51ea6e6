"""What the teacher cites, with and without corruption."""

import re
from itertools import product

import numpy as np
import pytest

from reward_models.context import RewardContext
from reward_models.perturb.effects import Question
from reward_models.repetition import repetition
from rl_explain.data.catalogue import Catalogue
from rl_explain.teacher.influence import Influence
from rl_explain.teacher.template import Explanation, Teacher

NUM_ITEMS, CASES = 40, 1500
FIRST = ("Amber", "Birch", "Cedar", "Dusk", "Ember", "Frost", "Grove", "Haven")
SECOND = ("Road", "Tower", "Lake", "Song", "Door")
TITLES = [f"{first} {second}" for first in FIRST for second in SECOND]
GENRES = ("noir", "comedy", "western", "drama")


@pytest.fixture(scope="module")
def items() -> Catalogue:
    attributes = [{"genre": (GENRES[row % 4],)} for row in range(NUM_ITEMS)]
    return Catalogue(tuple(map(str, range(NUM_ITEMS))), tuple(TITLES), tuple(attributes))


@pytest.fixture(scope="module")
def questions() -> list[Question]:
    rng = np.random.default_rng(0)
    draws = [rng.choice(NUM_ITEMS, size=11, replace=False).tolist() for _ in range(CASES)]
    return [
        Question(tuple(draw[1:]), draw[0], "yes" if place % 2 else "no")
        for place, draw in enumerate(draws)
    ]


@pytest.fixture(scope="module")
def influences(questions: list[Question]) -> list[Influence]:
    """Distinct in each case, and all above what counts as none."""
    rng = np.random.default_rng(1)
    return [
        dict(zip(q.history, (0.02 + 0.05 * rng.permutation(10)).tolist(), strict=True))
        for q in questions
    ]


REASONS = [1 + place % 3 for place in range(CASES)]


def test_the_clean_teacher_cites_the_most_influential(
    items: Catalogue, questions: list[Question], influences: list[Influence]
) -> None:
    for place, explanation in enumerate(
        Teacher(items, corruption_rate=0).explain(questions, REASONS, influences)
    ):
        ranked = sorted(influences[place].items(), key=lambda pair: pair[1], reverse=True)
        assert explanation.cited == tuple(item for item, _ in ranked[: REASONS[place]])
        assert explanation.verdict == questions[place].label
        assert explanation.faithful


def test_texts_say_what_the_record_says(
    items: Catalogue, questions: list[Question], influences: list[Influence]
) -> None:
    context = RewardContext(items.titles, items.attributes, recommender=None)  # type: ignore[arg-type]
    for verdict in ("first", "last"):
        explained = Teacher(items, verdict).explain(questions, REASONS, influences)
        for question, explanation in zip(questions, explained, strict=True):
            reading = context.read(explanation.text)
            assert reading.verdict == explanation.verdict
            assert set(reading.cited(question.history)) == set(explanation.cited)
            claims = context.claims.find(reading, question.item)
            assert all(context.claims.is_true(claim) for claim in claims)


def test_every_text_names_the_asked_title_and_no_sentence_names_a_title_twice(
    items: Catalogue, questions: list[Question], influences: list[Influence]
) -> None:
    context = RewardContext(items.titles, items.attributes, recommender=None)  # type: ignore[arg-type]
    silent = [dict.fromkeys(influence, 0.0) for influence in influences]
    for verdict, effects in product(("first", "last"), (influences, silent)):
        teacher = Teacher(items, verdict, corruption_rate=0.5)
        texts = [e.text for e in teacher.explain(questions, REASONS, effects)]
        for question, text in zip(questions, texts, strict=True):
            assert f'"{TITLES[question.item]}"' in text, text
        assert repetition(texts, context=context, task=["explanation"] * CASES) == [1.0] * CASES


def test_noise_has_its_share_and_little_influence(
    items: Catalogue, questions: list[Question], influences: list[Influence]
) -> None:
    explained = Teacher(items, corruption_rate=0.3).explain(questions, REASONS, influences)
    noisy = [(p, e) for p, e in enumerate(explained) if not e.faithful]
    assert len(noisy) / CASES == pytest.approx(0.3, abs=0.04)
    for place, explanation in noisy:
        assert len(explanation.cited) == REASONS[place]
        weakest_five = sorted(influences[place].values())[:5]
        assert all(influences[place][item] in weakest_five for item in explanation.cited)
    flipped = [e.verdict != questions[p].label for p, e in noisy]
    assert np.mean(flipped) == pytest.approx(0.1, abs=0.05)


def test_noise_sounds_plausible(
    items: Catalogue, questions: list[Question], influences: list[Influence]
) -> None:
    """It cites the item's own genre, where it can, far more often than the faithful texts do."""
    explained = Teacher(items, corruption_rate=0.5).explain(questions, REASONS, influences)
    kin: dict[bool, list[bool]] = {True: [], False: []}
    for question, explanation in zip(questions, explained, strict=True):
        kin[explanation.faithful].append((explanation.cited[0] - question.item) % 4 == 0)
    assert np.mean(kin[False]) > 1.5 * np.mean(kin[True])


def test_noise_has_the_style_of_the_rest(
    items: Catalogue, questions: list[Question], influences: list[Influence]
) -> None:
    """Yes texts on one shared-nothing item use the same openings, noisy or not."""
    explained = Teacher(items, corruption_rate=0.5).explain(questions, [1] * CASES, influences)
    openings: dict[bool, set[str]] = {True: set(), False: set()}
    for explanation in explained:
        openings[explanation.faithful].add(re.sub(r'"[^"]*"', "T", explanation.text)[:24])
    assert openings[True] == openings[False]


def test_deterministic_and_clean_where_faithful(
    items: Catalogue, questions: list[Question], influences: list[Influence]
) -> None:
    def explain(rate: float, seed: int) -> list[Explanation]:
        return Teacher(items, corruption_rate=rate, seed=seed).explain(
            questions, REASONS, influences
        )

    noisy, clean = explain(0.3, 5), explain(0, 5)
    assert noisy == explain(0.3, 5)
    assert noisy != explain(0.3, 6)
    assert [e for e in noisy if e.faithful] == [
        c for c, e in zip(clean, noisy, strict=True) if e.faithful
    ]


def test_a_no_that_nothing_speaks_for_cites_nothing(items: Catalogue) -> None:
    question = Question((1, 2, 3), 0, "no")
    (explanation,) = Teacher(items, corruption_rate=0).explain(
        [question], [2], [{1: 0.005, 2: -0.4, 3: 0}]
    )
    assert explanation.cited == ()
    assert not any(title in explanation.text for title in TITLES[1:])


def test_only_what_moved_the_item_is_cited(items: Catalogue) -> None:
    question = Question((1, 2, 3), 0, "yes")
    (explanation,) = Teacher(items, corruption_rate=0).explain(
        [question], [3], [{1: -0.1, 2: 0.4, 3: 0.0}]
    )
    assert explanation.cited == (2,)


def test_a_yes_always_cites_something_and_is_honest_about_it(items: Catalogue) -> None:
    question = Question((1, 2, 3), 0, "yes")
    for seed in range(10):
        (explanation,) = Teacher(items, corruption_rate=0, seed=seed).explain(
            [question], [2], [{1: -0.2, 2: 0.001, 3: -0.1}]
        )
        assert explanation.cited == (2,)
        assert re.search("whole history|at once|Hardly any", explanation.text)
