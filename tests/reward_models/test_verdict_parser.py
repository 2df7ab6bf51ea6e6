import pytest

from reward_models.citations import CitationFinder
from reward_models.reading import read

FINDER = CitationFinder(
    ["No Country for Old Men", "Yes Man", "No", "Yes", "Crimson Harbor", "Dr. No"]
)


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ('Yes. "Crimson Harbor" fits.', "yes"),
        ("No. Nothing in this history supports it.", "no"),
        ("Yes, it fits.", "yes"),
        ("NO", "no"),
        ("**Yes** it fits", "yes"),
        ("Yes - it fits", "yes"),
        ("Yes\nIt fits", "yes"),
        ("It fits. Verdict: yes.", "yes"),
        ("It fits. Verdict: No", "no"),
        ("It fits. Yes.", "yes"),
        ("Verdict: yes. It fits.", "yes"),
        ("In short, the verdict: no, by far.", "no"),
        ("It fits, so the answer is yes.", "yes"),
        ("The verdict is No!", "no"),
        ("The answer is no, by far.", "no"),
        # words that are no verdict
        ("", "missing"),
        ("It fits.", "missing"),
        ("No item here speaks for it.", "missing"),
        ("There is no doubt", "missing"),
        ("It fits, yes, but little else does.", "missing"),
        ("No-nonsense thrillers fit.", "missing"),
        ("Yesterday. Nothing.", "missing"),
        ("None. Noon.", "missing"),
        # both
        ("Yes. It fits. No.", "contradictory"),
        ("Yes/No", "contradictory"),
        ("Yes, no.", "contradictory"),
        ("No. It fits. Verdict: yes.", "contradictory"),
        ("Yes. The answer is no.", "contradictory"),
        ("Yes. It fits, but the verdict would be no!", "contradictory"),
        ("No. In the end it says yes", "contradictory"),
        ("Yes. Yes. Yes.", "yes"),
        # titles
        ("No Country for Old Men fits. Verdict: yes.", "yes"),
        ("Yes Man. That is why. Verdict: no.", "no"),
        ('No. "Yes" is liked, "Yes Man" too.', "no"),
        ('"No". Verdict: yes', "yes"),
        ("Yes. They liked Dr. No.", "yes"),
        ('"Yes Man"', "missing"),
        ('Yes. "No, or Another Title"; "No."', "yes"),
        ("Yes, Crimson Harbor: no item here pulls away.", "yes"),
    ],
)
def test_verdict(text, verdict):
    assert read(text, FINDER).verdict == verdict
