import pytest

from reward_models.text.citations import CitationFinder
from reward_models.text.reading import read

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
        ("It fits. The answer is clearly yes.", "yes"),
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
        ("Yes. No. It fits.", "contradictory"),
        ("Yes/No", "contradictory"),
        ("Yes, no.", "contradictory"),
        ("No. It fits. Verdict: yes.", "contradictory"),
        ("Yes. The answer is no.", "contradictory"),
        ("Yes. It fits, but the verdict would be no!", "contradictory"),
        ("Yes. So the answer is no for you.", "contradictory"),
        ("Yes. The verdict is no after all.", "contradictory"),
        ("Yes. Verdict: no for this user.", "contradictory"),
        ("Yes. The answer must be no then.", "contradictory"),
        ("Yes. No is the answer.", "contradictory"),
        ("Yes. So: no then.", "contradictory"),
        ("Yes. Correction: No is right.", "contradictory"),
        ("Yes. So it is a no.", "contradictory"),
        # concessions
        ("Yes. They are maritime. No, there is nothing else.", "yes"),
        ("Yes. Would it fit without them? No, it would not.", "yes"),
        ("Yes. It is hard to say no.", "yes"),
        ("Yes. Anything but a no here, as they show.", "yes"),
        ("No. Yes, you did choose one maritime title, but others weigh more.", "no"),
        ("No. Even though a quick look might say yes, it falls.", "no"),
        ("No. One maritime title does not make this a yes.", "no"),
        ("Yes. The answer is no surprise.", "yes"),
        ("Yes. To an answer no one doubts there is little to add.", "yes"),
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
