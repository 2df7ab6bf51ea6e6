"""Credits by hand: item 0 adds 0.4 to the percentile, 1 adds 0.2, 2 and 3 add 0.1, 4 and 5 0."""

from itertools import combinations, pairwise

import numpy as np
import pytest

from reward_models.composite import Composite
from reward_models.context import RewardContext
from reward_models.credit import citation_credits
from reward_models.faithfulness import faithfulness
from reward_models.perturb.effects import Question

HISTORY = (0, 1, 2, 3, 4, 5)
EFFECTS = (4, 2, 1, 1, 0, 0)


COLUMNS = {"task": ["explanation"], "history": [HISTORY], "item": [6], "label": ["yes"]}


def credits(context: RewardContext, text: str, reasons: int | None = 2, **columns: object):
    given = COLUMNS | {"reasons": [reasons]} | columns
    [found] = citation_credits([text], context=context, **given)  # type: ignore[arg-type]
    return found


def sums(size: int) -> dict[tuple[int, ...], int]:
    return {s: sum(EFFECTS[i] for i in s) for s in combinations(range(6), size)}


def expected_scores(cited: tuple[int, ...], reasons: int) -> list[float]:
    """P_0, ..., P_m: the mean score of all sets of size m that contain the first j cited items."""
    pool = list(sums(reasons).values())
    mean, best = sum(pool) / len(pool), max(pool)
    scores = {s: max(-1.0, (v - mean) / (best - mean)) for s, v in sums(len(cited)).items()}
    means = []
    for j in range(len(cited) + 1):
        scored = [score for s, score in scores.items() if set(cited[:j]) <= set(s)]
        means.append(sum(scored) / len(scored))
    return means


def by_hand(cited: tuple[int, ...], reasons: int = 2) -> list[float]:
    return [after - before for before, after in pairwise(expected_scores(cited, reasons))]


def quoted(context: RewardContext, *items: int) -> str:
    return " and ".join(f'"{context.titles[item]}"' for item in items)


def lifting(context: RewardContext, *items: int) -> str:
    return f'Yes. {quoted(context, *items)} lift "The Copper Lantern".'


@pytest.mark.parametrize(
    ("reasons", "cited"),
    [
        *((1, cited) for cited in [(0,), (5,)]),
        *((2, cited) for cited in [(0, 1), (1, 0), (4, 5), (3, 0)]),
        *((2, cited) for cited in [(0,), (1,), (5,)]),  # fewer than asked for
        (None, (0, 2)),
    ],
)
def test_credits_of_one_and_two_citations(yes_context: RewardContext, reasons, cited) -> None:
    text = lifting(yes_context, *cited)
    found = credits(yes_context, text, reasons)
    assert [text[c.start : c.end] for c in found] == [yes_context.titles[i] for i in cited]
    assert [c.value for c in found] == pytest.approx(by_hand(cited, reasons or 2))


def test_credits_of_fewer_titles_than_asked_for(yes_context: RewardContext) -> None:
    """In tenths of the percentile, a random pair has the effect 8/3 and the best pair 6. The single
    items have 4, 2, 1, 1, 0, 0, which score 0.4, -0.2, -0.5, -0.5, -0.8, -0.8: -0.4 on average."""
    assert [c.value for c in credits(yes_context, lifting(yes_context, 0))] == pytest.approx([0.8])
    assert [c.value for c in credits(yes_context, lifting(yes_context, 1))] == pytest.approx([0.2])
    assert expected_scores((0,), 2) == pytest.approx([-0.4, 0.4])


@pytest.mark.parametrize("cited", [(0,), (2,), (1, 3), (4, 5), (0, 1)])
def test_credits_sum_to_the_score_minus_its_expectation(yes_context: RewardContext, cited) -> None:
    text = lifting(yes_context, *cited)
    columns = COLUMNS | {"reasons": [2]}
    composite = Composite({"faithfulness": 1}, yes_context)
    result = composite([text], **columns)
    [found] = composite.credits([text], result, **columns)
    start = expected_scores(cited, 2)[0]
    assert sum(c.value for c in found) == pytest.approx(result.total[0] - start)  # type: ignore[operator]


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_credits_where_subsets_are_drawn(make_random, size: int) -> None:
    """Not all 1,820 sets of four of 16 items are evaluated. Few contain the first three that a text
    cites; otherwise the last citation gets their credit."""
    titles = [f"Title Number {i}" for i in range(40)]
    context = RewardContext(titles, (), make_random(40, 3))
    history, rng = tuple(range(16)), np.random.default_rng(0)
    cited = [rng.choice(16, size, replace=False).tolist() for _ in range(20)]
    names = [", ".join(f'"{titles[i]}"' for i in items) for items in cited]
    texts = [f'Yes. "Title Number 30" because of {several}.' for several in names]
    columns = {"task": ["explanation"] * 20, "history": [history] * 20, "item": [30] * 20}
    columns |= {"label": ["yes"] * 20, "reasons": [4] * 20}
    scores = faithfulness(texts, context=context, **columns)
    found = citation_credits(texts, context=context, **columns)
    question = Question(history, 30, "yes")
    scale, pool = context.effects.pools([question] * 2, [4, size])
    drawn = np.clip((pool.effects - scale.random) / (scale.best - scale.random), -1, 1)
    for items, score, credits_ in zip(cited, scores, found, strict=True):
        expected = [drawn.mean()]
        for j in range(1, size):
            rows = [set(items[:j]) <= set(row) for row in pool.subsets.tolist()]
            expected.append(drawn[rows].mean() if any(rows) else expected[-1])
        steps = np.diff([*expected, score])
        assert [c.value for c in credits_] == pytest.approx(steps[steps != 0].tolist())
        assert sum(c.value for c in credits_) == pytest.approx(score - drawn.mean())


def test_a_dismissed_title_gets_no_credit(yes_context: RewardContext) -> None:
    assert credits(yes_context, f"Yes. {quoted(yes_context, 0)} had nothing to do with it.") == []
    text = f"{lifting(yes_context, 0)} {quoted(yes_context, 5)} plays no part."
    assert [c.value for c in credits(yes_context, text, 1)] == pytest.approx(by_hand((0,), 1))


def test_a_repeated_title_is_credited_once(yes_context: RewardContext) -> None:
    text = lifting(yes_context, 0, 0)
    [credit] = credits(yes_context, text)
    assert credit.start == text.index(yes_context.titles[0])


ITEM = '"The Copper Lantern"'


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        (f'No. "Crimson Harbor" lowers {ITEM}.', {}),
        (f"Yes. {ITEM} fits.", {}),
        (f'Yes. "Crimson Harbor", "The Silent Tide" and "Up" lift {ITEM}.', {}),
        (f'Yes. "Crimson Harbor" and "The Silent Tide" lift {ITEM}.', {"reasons": 1}),
        (f'Yes. "Crimson Harbor" lifts {ITEM}.', {"task": ["classification"]}),
        (f'Yes. "Filler Number 1" lifts {ITEM}.', {}),
        ('Yes. "Crimson Harbor" lifts it.', {}),
        ('Yes. "Crimson Harbor" lifts "Filler Number 1".', {}),
    ],
)
def test_no_credit(yes_context: RewardContext, text: str, columns: dict) -> None:
    assert credits(yes_context, text, **columns) == []


def test_no_credit_where_ill_posed(yes_context: RewardContext, make_hand_made) -> None:
    even = RewardContext(yes_context.titles, (), make_hand_made([1] * 6, start=2))
    assert credits(even, lifting(even, 0, 1)) == []


def test_a_composite_weights_credits_like_faithfulness(yes_context: RewardContext) -> None:
    text = lifting(yes_context, 0)
    columns = COLUMNS | {"reasons": [1], "candidates": [None]}
    composite = Composite({"faithfulness": 3, "grounding": 2, "ranking": 5}, yes_context)
    [[credit]] = composite.credits([text], composite([text], **columns), **columns)
    assert credit.value == pytest.approx(by_hand((0,), 1)[0] * 3 / 5)  # ranking does not apply
    without = Composite({"grounding": 1}, yes_context)
    assert without.credits([text], without([text], **columns), **columns) == [[]]
