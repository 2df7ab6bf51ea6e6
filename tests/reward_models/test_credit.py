"""Credits by hand: item 0 adds 0.4 to the percentile, 1 adds 0.2, 2 and 3 0.1, 4 and 5 nothing."""

from itertools import combinations, pairwise

import pytest

from reward_models.composite import Composite
from reward_models.context import RewardContext
from reward_models.credit import citation_credits

HISTORY = (0, 1, 2, 3, 4, 5)
EFFECTS = (4, 2, 1, 1, 0, 0)


def credits(context: RewardContext, text: str, label: str = "yes", task: str = "explanation"):
    [found] = citation_credits(
        [text], context=context, task=[task], history=[HISTORY], item=[6], label=[label]
    )
    return found


def by_hand(cited: tuple[int, ...]) -> list[float]:
    """Differences of the mean faithfulness score over all pairs that hold the first j cited
    items."""
    sums = {pair: sum(EFFECTS[i] for i in pair) for pair in combinations(range(6), len(cited))}
    mean, best = sum(sums.values()) / len(sums), max(sums.values())
    scores = {pair: max(-1.0, (value - mean) / (best - mean)) for pair, value in sums.items()}
    means = []
    for j in range(len(cited) + 1):
        held = [score for pair, score in scores.items() if set(cited[:j]) <= set(pair)]
        means.append(sum(held) / len(held))
    return [after - before for before, after in pairwise(means)]


def quoted(context: RewardContext, *items: int) -> str:
    return " and ".join(f'"{context.titles[item]}"' for item in items)


@pytest.mark.parametrize("cited", [(0,), (5,), (0, 1), (1, 0), (4, 5), (3, 0)])
def test_credits_of_one_and_two_citations(yes_context: RewardContext, cited) -> None:
    text = f"Yes. {quoted(yes_context, *cited)} lift it."
    found = credits(yes_context, text)
    assert [text[c.start : c.end] for c in found] == [yes_context.titles[i] for i in cited]
    assert [c.value for c in found] == pytest.approx(by_hand(cited))


def test_credits_sum_to_the_regret_score_less_that_of_random_sets(
    yes_context: RewardContext,
) -> None:
    text = f"Yes. {quoted(yes_context, 1, 3)} lift it."
    columns = {"task": ["explanation"], "history": [HISTORY], "item": [6], "label": ["yes"]}
    composite = Composite({"faithfulness": 1}, yes_context)
    result = composite([text], **columns)
    [found] = composite.credits([text], result, **columns)
    at_random = result.total[0] - sum(c.value for c in found)
    assert at_random == pytest.approx(0.0, abs=1e-9)  # no pair is clipped here


def test_a_title_that_is_set_aside_is_credited_nothing(yes_context: RewardContext) -> None:
    assert credits(yes_context, f"Yes. {quoted(yes_context, 0)} had nothing to do with it.") == []
    text = f"Yes. {quoted(yes_context, 0)} lifts it. {quoted(yes_context, 5)} plays no part."
    assert [c.value for c in credits(yes_context, text)] == pytest.approx(by_hand((0,)))


def test_a_repeated_title_is_credited_once(yes_context: RewardContext) -> None:
    text = f"Yes. {quoted(yes_context, 0, 0)} lift it."
    [credit] = credits(yes_context, text)
    assert credit.start == text.index(yes_context.titles[0])


@pytest.mark.parametrize(
    ("text", "label", "task"),
    [
        ('No. "Crimson Harbor" lowers it.', "yes", "explanation"),
        ("Yes. It fits.", "yes", "explanation"),
        ('Yes. "Crimson Harbor", "The Silent Tide" and "Up" lift it.', "yes", "explanation"),
        ('Yes. "Crimson Harbor" lifts it.', "yes", "classification"),
        ('Yes. "Filler Number 1" lifts it.', "yes", "explanation"),
    ],
)
def test_no_credit(yes_context: RewardContext, text: str, label: str, task: str) -> None:
    assert credits(yes_context, text, label, task) == []


def test_a_composite_weighs_credits_as_it_weighs_faithfulness(yes_context: RewardContext) -> None:
    text = f"Yes. {quoted(yes_context, 0)} lifts it."
    columns = {"task": ["explanation"], "history": [HISTORY], "item": [6], "label": ["yes"]}
    composite = Composite({"faithfulness": 3, "grounding": 2, "ranking": 5}, yes_context)
    columns |= {"candidates": [None]}
    [[credit]] = composite.credits([text], composite([text], **columns), **columns)
    assert credit.value == pytest.approx(by_hand((0,))[0] * 3 / 5)  # ranking does not apply
    without = Composite({"grounding": 1}, yes_context)
    assert without.credits([text], without([text], **columns), **columns) == [[]]
