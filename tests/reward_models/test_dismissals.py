import pytest

from reward_models.text.citations import CitationFinder
from reward_models.text.reading import read
from rl_explain.teacher import frames

TITLES = ["The Silent Tide", "Glass Comet", "Nothing to Do"]
FINDER = CitationFinder(TITLES)


@pytest.mark.parametrize(
    "text",
    [
        'Yes. "The Silent Tide" had nothing whatever to do with it.',
        "Yes. The Silent Tide has nothing to do with this.",
        'Yes, and not because of "The Silent Tide".',
        'Yes. It isn\'t due to "The Silent Tide" at all.',
        'Yes. "The Silent Tide" plays no part.',
        'Yes. "The Silent Tide" had no real influence here.',
        'Yes. "The Silent Tide" does not matter.',
        "Yes. “The Silent Tide” doesn’t count here.",
        'Yes. "The Silent Tide" is not the main reason.',
        'Yes. "The Silent Tide" is irrelevant.',
        'Yes. "The Silent Tide" doesn\'t have anything to do with it.',
        'Yes. "The Silent Tide" is not why.',
        'Yes. "The Silent Tide" has not contributed.',
        'Yes. "The Silent Tide" never played any real role.',
        'Yes. It is not because of the title "The Silent Tide".',
        'Yes. "The Silent Tide"\nhad nothing to do with it.',
        # one clause gives a reason, another denies it
        'Yes. "The Silent Tide" lifts it. Neither plays any part.',
        'Yes. "The Silent Tide" lifts it. They had nothing to do with it.',
        'Yes. "The Silent Tide" lifts it, but they are irrelevant.',
        'Yes. "The Silent Tide", which plays no part, was chosen.',
        'Yes. "The Silent Tide" lifts it. "The Silent Tide" plays no role.',
    ],
)
def test_a_dismissed_title_is_named_but_not_cited(text):
    reading = read(text, FINDER)
    assert reading.items == {0}
    assert reading.cited((0, 1)) == ()


@pytest.mark.parametrize(
    "text",
    [
        'Yes. It stands high because of "The Silent Tide".',
        'Yes. Nothing else matters as much as "The Silent Tide".',
        'Yes. "Glass Comet" has nothing to do with it; "The Silent Tide" lifts it.',
        'Yes. "The Silent Tide" does most, not its genre.',
        'Yes. Without "The Silent Tide" it would not stand so high.',
        'No. "The Silent Tide" speaks against it, and nothing speaks for it.',
        'Yes. "The Silent Tide" has no small part in it.',
        'Yes. "The Silent Tide" has no mean part, no negligible effect.',
        'Yes. "The Silent Tide" did not play a small part.',
        'Yes. "The Silent Tide" is not a weak reason.',
        'Yes. "The Silent Tide" matters, the genre does not matter.',
        'Yes. "The Silent Tide" is maritime, and the year plays no part.',
        'Yes. "The Silent Tide" leaves little doubt and no weight on the other side.',
        'Yes. You cannot count the ways in which "The Silent Tide" fits.',
        "Yes. You can't count the ways in which The Silent Tide fits.",
        "Yes. There's nothing you like to do more than watch The Silent Tide.",
        'Yes. "The Silent Tide" could not matter more.',
        'Yes. There is hardly a better reason than "The Silent Tide".',
        'Yes. "The Silent Tide" is far from irrelevant.',
        'Yes. It is not irrelevant that you chose "The Silent Tide".',
        'Yes. Because of "The Silent Tide", and not because of "Glass Comet".',
        'Yes. Because of "The Silent Tide" and not because of "Glass Comet".',
        'Yes. Unlike "Glass Comet", which has nothing to do with it, "The Silent Tide" lifts it.',
        'Yes, and not only because of "The Silent Tide".',
        'Yes. "The Silent Tide" does not only matter, it decides.',
        'Yes. "The Silent Tide" is not the only reason, but the first.',
        'No. "The Silent Tide" does not lift it.',
        'Yes. Nothing has more to do with it than "The Silent Tide".',
        'Yes. No doubt "The Silent Tide" is the reason.',
    ],
)
def test_other_sentences_dismiss_nothing(text):
    assert 0 in read(text, FINDER).cited((0, 1))


def test_an_enumeration_is_dismissed_as_a_whole() -> None:
    text = 'Yes. "Nothing to Do", "The Silent Tide" and "Glass Comet" had nothing to do with it.'
    assert read(text, FINDER).cited((0, 1, 2)) == ()
    text = (
        'Yes. "Nothing to Do" is why; neither "The Silent Tide" nor "Glass Comet" plays any part.'
    )
    assert read(text, FINDER).cited((0, 1, 2)) == (2,)


def test_words_of_a_title_dismiss_nothing():
    assert read('Yes, because of "Nothing to Do".', FINDER).cited((2,)) == (2,)


@pytest.mark.parametrize("plural", [False, True])
def test_no_sentence_of_the_teacher_dismisses_its_reasons(plural):
    for frame in frames.FRAMES:
        text = frames.inflect(frame, plural).format(
            item='"Nothing to Do"',
            cited='"Glass Comet"',
            one='"Glass Comet"',
            values="noir",
            labels="the label noir",
            kind="a noir title",
        )
        assert not read(f"Yes. {text}.", FINDER).dismissed, text
