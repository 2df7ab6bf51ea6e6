"""What every reward term keeps to."""

import pytest

from reward_models import REWARDS
from reward_models.composite import Composite

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
READS = {
    "agreement": {"task", "label"},
    "ranking": {"task", "history", "candidates"},
    "faithfulness": {"task", "history", "item", "label"},
    "grounding": {"task", "history", "item"},
    "length": {"task"},
    "reasons": {"task", "history", "label", "reasons"},
}
RANGE = {
    "agreement": (0, 1),
    "ranking": (-1, 1),
    "faithfulness": (-1, 1),
    "grounding": (0, 1),
    "length": (-1, 1),
    "reasons": (0, 1),
}


@pytest.mark.parametrize("name", sorted(REWARDS))
class TestEveryReward:
    def score(self, name, context, rows=range(6)):
        columns = {key: [values[i] for i in rows] for key, values in COLUMNS.items()}
        return REWARDS[name]([TEXTS[i] for i in rows], context=context, **columns)

    def test_one_score_per_completion_in_range(self, name, yes_context):
        low, high = RANGE[name]
        scores = self.score(name, yes_context)
        assert len(scores) == 6
        assert all(s is None or (type(s) is float and low <= s <= high) for s in scores)
        assert self.score(name, yes_context, []) == []

    def test_does_not_depend_on_the_batch(self, name, yes_context):
        together = self.score(name, yes_context)
        assert self.score(name, yes_context, range(5, -1, -1)) == together[::-1]
        assert [self.score(name, yes_context, [i])[0] for i in range(6)] == together

    def test_other_tasks_do_not_apply(self, name, yes_context):
        assert self.score(name, yes_context)[5] is None
        assert any(score is not None for score in self.score(name, yes_context))

    def test_names_a_missing_column(self, name, yes_context):
        for missing in READS[name]:
            columns = {key: value for key, value in COLUMNS.items() if key != missing}
            with pytest.raises(TypeError, match=missing):
                Composite({name: 1}, yes_context)(TEXTS, **columns)

    def test_columns_of_another_length_are_an_error(self, name, yes_context):
        for column in READS[name]:
            columns = COLUMNS | {column: COLUMNS[column][:5]}
            with pytest.raises(ValueError):
                REWARDS[name](TEXTS, context=yes_context, **columns)
