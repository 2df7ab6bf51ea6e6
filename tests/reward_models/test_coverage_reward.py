"""Coverage by hand, in a catalogue of 16 items: weights n(v) log(16 / N(v))."""

import math

import pytest

from reward_models.context import RewardContext
from reward_models.coverage import coverage

GENRES = [
    ("mystery", "maritime"),
    ("mystery", "maritime"),
    ("mystery", "comedy"),
    ("drama",),
    *((("drama",),) * 12),
]
TITLES = [f"Title {chr(65 + i)}" for i in range(16)]
HISTORY = (0, 1, 2, 3)
TARGET = 15
MYSTERY, MARITIME = 3 * math.log(16 / 3), 2 * math.log(16 / 2)
COMEDY, DRAMA = math.log(16), math.log(16 / 13)
ENOUGH = MYSTERY + MARITIME


@pytest.fixture
def context(make_hand_made):
    attributes = [{"genre": genres, "kind": ("film",)} for genres in GENRES]
    return RewardContext(TITLES, attributes, make_hand_made([], 0))


def score(context, text, history=HISTORY, task="explanation"):
    columns = {"task": [task], "history": [history], "item": [TARGET]}
    return coverage([text], context=context, **columns)[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('Yes. "Title A" is a mystery.', MYSTERY / ENOUGH),
        ('Yes. "Title A" and "Title B" are maritime mysteries.', 1),
        ("No. This user likes maritime mysteries.", 1),
        ("No. The history is about comedy.", COMEDY / ENOUGH),
        ('Yes. "Title D" is a drama.', DRAMA / ENOUGH),
        ('Yes. "Title A" is a mystery. "Title B" is a mystery, a mystery.', MYSTERY / ENOUGH),
        # untrue, or not claimed of the history or the user
        ('Yes. "Title D" is a mystery.', 0),
        ('Yes. "Title P" is a mystery.', 0),
        ("Yes. It is a mystery.", 0),
        ("No. This user likes no mystery.", 0),
        ('Yes. For this user "Title D" is a mystery.', 0),
        ('Yes. "Title A", "Title B", "Title C" and "Title D".', 0),
        ("Yes. All of them are films, as this user likes films.", 0),
        ("", 0),
    ],
)
def test_coverage(context, text, expected):
    assert score(context, text) == pytest.approx(expected)


def test_a_list_of_everything_says_nothing(context):
    assert score(context, "This user likes mystery, maritime, comedy and drama.") == 1
    assert score(context, "This user likes film, mystery, maritime, comedy and drama.") == 0


def test_false_claims_lower_the_score(context):
    apart = 'Yes. "Title A" and "Title B" are maritime mysteries. "Title D" is a comedy.'
    assert score(context, apart) == pytest.approx(4 / 5)
    assert score(context, "This user likes mystery and comedy.", (0, 1)) == pytest.approx(
        2 * math.log(16 / 3) / (2 * math.log(16 / 3) + MARITIME) / 2
    )
    together = 'Yes. "Title A" and "Title D" are maritime.'
    assert score(context, together) == pytest.approx(MARITIME / ENOUGH / 2)


def test_a_repeated_item_counts_once(context):
    text = 'Yes. "Title C" is a comedy.'
    assert score(context, text, (0, 2, 2, 1)) == score(context, text, (0, 2, 1))


def test_nothing_to_cover(context, no_context):
    assert score(context, "Yes.", task="ranking") is None
    columns = {"task": ["explanation"], "history": [HISTORY], "item": [6]}
    assert coverage(["Yes."], context=no_context, **columns) == [None]  # no attributes
