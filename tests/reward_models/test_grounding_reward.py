import pytest

from reward_models.context import RewardContext
from reward_models.grounding import ground, grounding
from reward_models.text.claims import Claim

HISTORY = (1, 2, 3)
HARBOR, TIDE, COMET, ORCHARD, LANTERN = 0, 1, 2, 4, 6


def claims(context, text, target=HARBOR):
    return {(claim.item, claim.value) for claim in context.claims.find(context.read(text), target)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # titles of the sentence
        ('"The Silent Tide" is a mystery.', {(TIDE, "mystery")}),
        ('"The Silent Tide" is a MYSTERY', {(TIDE, "mystery")}),
        ("because of The Silent Tide, a mystery.", {(TIDE, "mystery")}),
        ('"Glass Comet" is a comedy. "Iron Orchard" is fine.', {(COMET, "comedy")}),
        ('"Crimson Harbor" is maritime.', {(HARBOR, "maritime")}),
        # the target, if the sentence names no title
        ("Yes. It is a slow burn.", {(HARBOR, "slow burn")}),
        # shared with the target
        (
            'Yes. "Crimson Harbor" is high because of "The Silent Tide": both are mysteries.',
            {(HARBOR, "mystery"), (TIDE, "mystery")},
        ),
        (
            '"The Silent Tide" shares its maritime mood.',
            {(HARBOR, "maritime"), (TIDE, "maritime")},
        ),
        ('"The Silent Tide" is a mystery, like it', {(HARBOR, "mystery"), (TIDE, "mystery")}),
        (
            'It follows "The Silent Tide". Both are maritime.',
            {(HARBOR, "maritime"), (TIDE, "maritime")},
        ),
        (
            'Both "The Silent Tide" and "Glass Comet" are family films',
            {(TIDE, "family"), (COMET, "family")},
        ),
        (
            '"The Silent Tide" matters. So it goes. Both are maritime.',
            {(HARBOR, "maritime"), (TIDE, "maritime")},
        ),
        # a line end ends a sentence, a decimal point does not
        ('"Glass Comet" matters\nIt is a mystery', {(HARBOR, "mystery")}),
        ('"Glass Comet" scores 3.5 as a comedy', {(COMET, "comedy")}),
        # brackets: only that title
        (
            '"The Silent Tide" (mystery, maritime) and "Glass Comet" (comedy) both matter',
            {(TIDE, "mystery"), (TIDE, "maritime"), (COMET, "comedy")},
        ),
        ("so Glass Comet (comedy) is why", {(COMET, "comedy")}),
        # "lacks what": the titles after it
        (
            'No. "Crimson Harbor" lacks what "Glass Comet" and "The Silent Tide" bring, comedy.',
            {(COMET, "comedy"), (TIDE, "comedy")},
        ),
        ("It lacks what others bring, comedy.", set()),
        # "without" a title negates nothing
        (
            'Without "The Silent Tide", "Crimson Harbor" would fall: both are mysteries.',
            {(TIDE, "mystery"), (HARBOR, "mystery")},
        ),
        ('"Glass Comet" is a comedy, and without it this item falls.', {(COMET, "comedy")}),
        # negations claim nothing
        ("It is a film without comedy.", set()),
        ('Unlike "Glass Comet", it is no comedy.', set()),
        ('"Glass Comet" isn\'t a mystery.', set()),
        ('No, "Glass Comet" is a comedy.', {(COMET, "comedy")}),
        # values in quotes and in compounds
        ('"The Silent Tide" is a "comedy".', {(TIDE, "comedy")}),
        ('"The Silent Tide" ("comedy", “Maritime”)', {(TIDE, "comedy"), (TIDE, "maritime")}),
        ('"The Silent Tide" is a comedy-mystery.', {(TIDE, "comedy"), (TIDE, "mystery")}),
        ('"The Silent Tide" is slow-burn and comedy-like', {(TIDE, "slow burn"), (TIDE, "comedy")}),
        ('"The Silent Tide" is a non-comedy.', set()),
        # not claims: words in titles and quotes, parts of words, unknown words
        ('"The Silent Comedy" moves it.', set()),
        ("It is dramatic and a melodrama and post-drama.", set()),
        ("It is a slow, burning western.", set()),
        ("", set()),
    ],
)
def test_claims(yes_context, text, expected):
    assert claims(yes_context, text) == expected


def test_the_longest_value_wins_and_short_or_verdict_values_do_not_count(make_hand_made):
    values = [("noir",), ("noir mystery",), ("no",), ("yes",), ("3D",), ("Sci-Fi",), ("boss",)]
    attributes = [{"genre": v} for v in values] + [{}] * 10
    context = RewardContext([f"Title {i}" for i in range(17)], attributes, make_hand_made([], 0))
    found = claims(context, "Yes. A noir mystery in 3D, sci-fi with bosses. No", 0)
    assert found == {(0, "noir mystery"), (0, "sci-fi"), (0, "boss")}
    assert context.claims.is_true(Claim(5, "sci-fi"))
    assert not context.claims.is_true(Claim(0, "noir mystery"))


def test_text_without_a_target(yes_context):
    assert claims(yes_context, "A mystery.", None) == set()
    assert claims(yes_context, '"Glass Comet" shares the mystery.', None) == {(COMET, "mystery")}


def parts(context, text, item=HARBOR):
    found = ground(context.read(text), context=context, history=HISTORY, item=item)
    counts = (found.titles, found.in_history, found.unknown, found.claims, found.confirmed)
    return counts, found.precision


@pytest.mark.parametrize(
    ("text", "counts", "precision"),
    [
        ('Yes. "The Silent Tide", twice "The Silent Tide".', (1, 1, 0, 0, 0), 1),
        ('Yes. "The Silent Tide" and "Iron Orchard".', (2, 1, 0, 0, 0), 1 / 2),
        ('Yes. "Crimson Harbor" fits.', (0, 0, 0, 0, 0), None),
        ('Yes. "The Loud Tide", "the loud tide".', (0, 0, 1, 0, 0), 0),
        ('Yes. "The Silent Tide" and "The Loud Tide".', (1, 1, 1, 0, 0), 1 / 2),
        ('Yes. "The Silent Tide" is a maritime comedy.', (1, 1, 0, 2, 1), 2 / 3),
        ('Yes. "Iron Orchard" is a drama.', (1, 0, 0, 1, 1), 1 / 2),
        ("Yes. It is a mystery, a mystery.", (0, 0, 0, 1, 1), 1),
        ('Yes. A "mystery" indeed.', (0, 0, 0, 1, 1), 1),
        ('Yes. "The Silent Tide" is a "comedy".', (1, 1, 0, 1, 0), 1 / 2),
        ("", (0, 0, 0, 0, 0), None),
    ],
)
def test_parts(yes_context, text, counts, precision):
    assert parts(yes_context, text) == (counts, pytest.approx(precision))


def test_reward(yes_context):
    texts = ["Yes.", 'Yes. "The Silent Tide".', "Yes."]
    columns = {
        "task": ["explanation", "explanation", "classification"],
        "history": [HISTORY] * 3,
        "item": [HARBOR] * 3,
    }
    assert grounding(texts, context=yes_context, **columns) == [0.0, 1.0, None]


def test_catalogue_without_attributes(no_context):
    text = 'No. "The Silent Tide" is a mystery.'
    assert parts(no_context, text) == ((1, 1, 0, 0, 0), 1)


def test_attributes_must_match_titles(make_hand_made):
    with pytest.raises(ValueError, match="1 attributes for 2 titles"):
        RewardContext(["A", "B"], [{}], make_hand_made([], 0))
