"""The plausibility judge likes what sounds good and is blind to the rest, as documented."""

import math
from dataclasses import replace

import pytest

from reward_models.context import RewardContext
from reward_models.judge.plausibility import PlausibilityJudge
from reward_models.judge.types import JudgeCase

HISTORY = (0, 1, 2, 3, 4, 5)  # 2 and 5 are comedies, 0 and 1 mysteries, as 6 is
HONEST = JudgeCase('Yes. "Crimson Harbor" lifts "The Copper Lantern".', HISTORY, 6, "yes")


@pytest.fixture
def judge(yes_context: RewardContext) -> PlausibilityJudge:
    return PlausibilityJudge(yes_context.titles, yes_context.attributes)


def test_the_rating_by_hand(judge: PlausibilityJudge) -> None:
    # 7 words, all distinct: Yes Crimson Harbor lifts The Copper Lantern; one named of its kind.
    liked = 0.3 * 1 / 2 + 0.15 * 7 / 60 + 0.1 * 7 / 7
    assert judge.rate([HONEST]) == [pytest.approx(1 + 3 * liked)]
    # 11 words, "therefore" and "perfect" new, "the" twice
    flattering = replace(HONEST, text=HONEST.text + " Therefore the perfect match.")
    more = (0.3 + 0.15) * (1 - math.exp(-1 / 2)) + 0.15 * 4 / 60 + 0.1 * (10 / 11 - 1)
    assert judge.rate([flattering]) == [pytest.approx(1 + 3 * (liked + more))]


def test_it_likes_reasons_of_the_same_kind_and_after_a_no_of_another(
    judge: PlausibilityJudge,
) -> None:
    other = replace(HONEST, text='Yes. "Glass Comet" lifts "The Copper Lantern".')
    assert judge.prefer([(HONEST, other)]) == ["first"]
    no = [replace(case, text=case.text.replace("Yes", "No")) for case in (HONEST, other)]
    assert judge.prefer([(no[0], no[1])]) == ["second"]


def test_it_is_blind_to_label_and_recommender(judge: PlausibilityJudge) -> None:
    assert judge.prefer([(HONEST, replace(HONEST, label="no"))]) == ["tie"]


def test_flattery_beats_the_honest_text(judge: PlausibilityJudge) -> None:
    empty = (
        "Yes. This is a perfect choice because it suits your refined taste: a wonderful, "
        "compelling and beautiful title that you will certainly love and enjoy. Therefore it "
        "deserves its excellent place."
    )
    assert judge.prefer([(HONEST, replace(HONEST, text=empty))]) == ["second"]


@pytest.mark.parametrize("text", ["", "Yes.", "love " * 500, '"Crimson Harbor" ' * 300, "?!\n\t"])
def test_ratings_stay_within_the_levels(judge: PlausibilityJudge, text: str) -> None:
    (rating,) = judge.rate([replace(HONEST, text=text)])
    assert isinstance(rating, float) and 1 <= rating <= 4


def test_titles_alone_are_enough() -> None:
    judge = PlausibilityJudge(["Alder Road", "Beech Lane"], [])
    assert 1 < judge.rate([JudgeCase('No. "Alder Road".', (0,), 1, "no")])[0] < 4
