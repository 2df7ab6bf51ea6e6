"""The contract of every reward term."""

import inspect
from dataclasses import replace

import numpy as np
import pytest

from reward_models import RANGES, REWARDS, TASKS
from reward_models.composite import Composite
from reward_models.types import FAILED

HISTORY = (0, 1, 2, 3, 4, 5)
TEXTS = [
    'Yes. Because of "Crimson Harbor": both are mysteries.',
    'No. "Glass Comet" pulls away.',
    "",
    "Yes",
    '"Filler Number 1"; "Filler Number 0"',
    "Perhaps.",
]
COLUMNS = {
    "task": ["explanation"] * 3 + ["classification", "ranking", "retrieval"],
    "history": [HISTORY] * 6,
    "item": [6, 6, 6, 6, None, None],
    "label": ["yes", "yes", "yes", "no", None, None],
    "candidates": [None] * 4 + [(7, 8, 9), None],
    "reasons": [1, 2, 3, None, None, None],
}
PIECES = (
    *("Yes", "No", "yes.", "Verdict: no", "Verdict: yes.", "Solution", ":", ".", ";", "\n", "- "),
    *('"Crimson Harbor"', '"The Silent Tide"', '"The Copper Lantern"', '"Filler Number 1"', "Up"),
    *('"Filler Number 2"; "Filler Number 1"', '"Filler Number 0"; "Filler Number 2"'),
    *("“Glass Comet”", '"Glass Cоmet"', '"Invented Thing"', '"', "“", "Crimson Harbor", "Yes Man"),
    *("both are mysteries", "is maritime", "not a comedy", "family", "this user likes drama", "("),
    *("<|item_6|>", "<|user_1|>", "\0", "İ", "ʘʘʘ", "é", "𝔜𝔢𝔰", "\u202e", "x" * 3000, "a " * 500),
)


def read_columns(name):
    """The columns that a term reads: its keyword arguments except the context."""
    parameters = inspect.signature(REWARDS[name]).parameters.values()
    named = {p.name for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY}
    return named - {"context"}


def random_text(rng):
    return " ".join(rng.choice(PIECES, rng.integers(0, 12)))


class LengthJudge:
    """Rates a text by its number of characters; fails on an empty one."""

    def rate(self, cases):
        return [1 + len(case.text) % 4 if case.text else FAILED for case in cases]


@pytest.fixture
def context(yes_context):
    return replace(yes_context, judge=LengthJudge())


def test_every_term_declares_its_range_and_tasks():
    assert list(REWARDS) == list(RANGES) == list(TASKS)


@pytest.mark.parametrize("name", sorted(REWARDS))
class TestEveryReward:
    def score(self, name, context, rows=range(6)):
        columns = {key: [values[i] for i in rows] for key, values in COLUMNS.items()}
        return REWARDS[name]([TEXTS[i] for i in rows], context=context, **columns)

    def in_range(self, name, score):
        low, high = RANGES[name]
        return type(score) is float and low <= score <= high

    def test_one_score_per_completion_in_range(self, name, context):
        scores = self.score(name, context)
        assert len(scores) == 6
        assert all(s is None or s is FAILED or self.in_range(name, s) for s in scores)
        assert self.score(name, context, []) == []

    def test_does_not_depend_on_the_batch(self, name, context):
        together = self.score(name, context)
        assert self.score(name, context, range(5, -1, -1)) == together[::-1]
        assert [self.score(name, context, [i])[0] for i in range(6)] == together
        assert self.score(name, context, [0, 0, 3, 3, 4, 4]) == [
            together[i] for i in (0, 0, 3, 3, 4, 4)
        ]

    def test_scores_only_its_tasks(self, name, context):
        scored = {
            kind
            for kind, score in zip(COLUMNS["task"], self.score(name, context), strict=True)
            if score is not None
        }
        assert scored == set(TASKS[name])

    def test_an_empty_text_is_scored_without_an_error(self, name, context):
        columns = {key: values * 3 for key, values in COLUMNS.items()}
        texts = [""] * 6 + [" "] * 6 + ["\n\n"] * 6
        scores = REWARDS[name](texts, context=context, **columns)
        assert all(s is None or s is FAILED or self.in_range(name, s) for s in scores)

    def test_the_error_names_a_missing_column(self, name, context):
        assert read_columns(name) <= set(COLUMNS)
        for missing in read_columns(name):
            columns = {key: value for key, value in COLUMNS.items() if key != missing}
            with pytest.raises(TypeError, match=missing):
                Composite({name: 1}, context)(TEXTS, **columns)

    def test_columns_of_another_length_are_an_error(self, name, context):
        for column in read_columns(name):
            columns = COLUMNS | {column: COLUMNS[column][:5]}
            with pytest.raises(ValueError):
                REWARDS[name](TEXTS, context=context, **columns)

    def test_random_awkward_texts_score_in_range_and_reproducibly(self, name, context):
        rng = np.random.default_rng(0)
        texts = [random_text(rng) for _ in range(200)]
        rows = rng.integers(0, 5, len(texts)).tolist()
        columns = {key: [values[i] for i in rows] for key, values in COLUMNS.items()}
        scores = REWARDS[name](texts, context=context, **columns)
        assert all(s is None or s is FAILED or self.in_range(name, s) for s in scores)
        fresh = replace(context)  # nothing remembered
        assert REWARDS[name](texts, context=fresh, **columns) == scores
        assert len({s for s in scores if s is not None}) > 1, "constant score"
