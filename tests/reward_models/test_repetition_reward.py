import pytest

from reward_models.repetition import repetition


@pytest.mark.parametrize(
    ("text", "repeated"),
    [
        ('Yes. "Crimson Harbor" is why, as nothing else comes close.', 0),
        # a title may occur again in a later sentence
        ('Yes. "Up" and "Glass Comet" lift it. "Up" shares the label drama with it.', 0),
        ('"The Copper Lantern" is low. "The Copper Lantern" lacks what "Up" has.', 0),
        ('"The Copper Lantern" is low. "The Copper Lantern" is no family title. "Up" is.', 0),
        # but not in the same one: of the sentences with titles, 1 of 1, 1 of 1, 1 of 2 and 0 of 3
        ('Yes. "Crimson Harbor" is high because of "Crimson Harbor".', 1),
        ('"Up", "Up", "Up", "Glass Comet"', 1),
        ('It lifts "Up", and Up is why. "Glass Comet" is too. Nothing else.', 1 / 2),
        ('"Up" lifts it; "Up" counts. Most of all "Up".', 0),
        # `grounding` checks unknown titles
        ('Yes. It is "Dr. Who" because of "Dr. Who".', 0),
        # a title counts as one word, so its own words make no 4-gram
        ('a b "Crimson Harbor" c. d b "Crimson Harbor" c e.', 0),
        # of the 4-grams of "T lifts it most T lifts it most now" one in six is repeated
        ('"Up" lifts it most\n"Up" lifts it most now', 1 / 6),
        # words: a b c d a b c d has the 4-grams abcd, bcda, cdab, dabc, abcd
        ("a b c d A b c d", 1 / 5),
        # one sentence in three is repeated, and two of nine 4-grams
        ("It fits well here. It fits well here! So be it.", 1 / 3),
        ("Yes", 0),
    ],
)
def test_shares(yes_context, text, repeated):
    found = repetition([text], context=yes_context, task=["explanation"])
    assert found == [pytest.approx(1 - repeated)]


@pytest.mark.parametrize("text", ["", " \n", "...", "“”"])
def test_a_text_without_words_scores_zero(yes_context, text):
    assert repetition([text], context=yes_context, task=["explanation"]) == [0]


def test_more_repetitions_score_lower(yes_context):
    texts = ["the pull of the sea " * times for times in (1, 2, 4, 50)]
    found = repetition(texts, context=yes_context, task=["explanation"] * 4)
    assert found == sorted(found, reverse=True) and found[-1] < 0.05


def test_other_tasks(yes_context):
    assert repetition(["Yes."], context=yes_context, task=["ranking"]) == [None]
