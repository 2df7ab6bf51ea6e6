"""The number of reasons, compared with the number asked for."""

import pytest

from reward_models import REWARDS
from reward_models.context import RewardContext

HISTORY = (0, 1, 2, 3, 4, 5)
CASES = [
    (0, 2, 0.0),
    (1, 1, 1.0),
    (1, 2, 0.5),
    (1, 3, 1 / 3),
    (2, 2, 1.0),
    (3, 2, 0.5),
    (3, 1, 0.0),
    (5, 1, 0.0),
    (3, 3, 1.0),
]


def score(context: RewardContext, text: str, asked: int | None, label: str = "yes") -> object:
    [found] = REWARDS["reasons"](
        [text],
        context=context,
        task=["explanation"],
        history=[HISTORY],
        label=[label],
        reasons=[asked],
    )
    return found


@pytest.mark.parametrize(("cited", "asked", "expected"), CASES)
def test_distance_to_the_number_asked_for(
    yes_context: RewardContext, cited: int, asked: int, expected: float
) -> None:
    names = " and ".join(f'"{title}"' for title in yes_context.titles[:cited])
    assert score(yes_context, f"Yes. {names}.", asked) == pytest.approx(expected)


def test_a_repeated_title_is_one_reason(yes_context: RewardContext) -> None:
    title = yes_context.titles[0]
    assert score(yes_context, f'Yes. "{title}", "{title}" and "{title}".', 3) == pytest.approx(
        1 / 3
    )


def test_titles_outside_the_history_are_not_reasons(yes_context: RewardContext) -> None:
    text = f'Yes. "{yes_context.titles[0]}" and "{yes_context.titles[7]}".'
    assert score(yes_context, text, 1) == 1.0


def test_a_no_without_citations_is_not_scored(yes_context: RewardContext) -> None:
    assert score(yes_context, "No. Nothing supports it.", 2, "no") is None
    assert score(yes_context, "Yes. Simply so.", 2, "yes") == 0.0
    assert score(yes_context, "Yes. Simply so.", None) is None
