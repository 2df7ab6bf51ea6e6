import pytest

from reward_models.format import well_formed


@pytest.mark.parametrize(
    ("text", "followed"),
    [
        ('Yes. "Crimson Harbor" is why.', 5),
        ('Because of "Crimson Harbor" and "Up". Verdict: yes.', 5),
        ('No. The user liked "Yes Man".', 5),
        # one rule broken
        ('"Crimson Harbor" is why.', 4),
        ('Yes. "Crimson Harbor" is why. Yes.', 4),
        ('Well, so the verdict: yes, and "Crimson Harbor" is why.', 4),
        ('The answer is yes for this user, and "Crimson Harbor" is why.', 4),  # not set off
        ('Yes. "Crimson Harbor" is wh', 4),
        ("Yes. Crimson Harbor is why.", 4),
        ("Yes. “Crimson Harbor” is why.", 4),
        ("Yes. “Nobody Knows” is why.", 4),
        ('Yes. "Crimson Harbor" is why; so it goes.', 4),
        ('Yes.\n- "Crimson Harbor" is why.', 4),
        ('Yes. <|item_3|> "Crimson Harbor" is why.', 4),
        # several rules broken
        ('Yes. It is why: "Crimson Harbor.', 3),
        ("- Crimson Harbor\n- Up", 1),
        # no words besides verdict and titles
        ("", 0),
        ("Yes.", 0),
        ('Verdict: yes. "Crimson Harbor"', 0),
        (":", 0),
    ],
)
def test_rules(yes_context, text, followed):
    found = well_formed([text], context=yes_context, task=["explanation"])
    assert found == [pytest.approx(followed / 5)]


def test_other_tasks(yes_context):
    assert well_formed(["Yes."], context=yes_context, task=["classification"]) == [None]
