"""Replies in the forms that models use."""

import pytest

from reward_models.judge.endpoint.replies import read_preference, read_rating


@pytest.mark.parametrize(
    ("reply", "rating"),
    [
        ('{"reason": "fits", "rating": 3}', "3"),
        ('{"rating": "4/4"}', "4"),
        ('{"rating": 2.0}', "2"),
        ('{"Rating": " 1 "}', "1"),
        ('```json\n{"rating": 3}\n```', "3"),
        ('Here it is: {"rating": 3}. I hope this helps.', "3"),
        ('{"result": {"rating": 2}}', "2"),
        ('{"reason": "a\nb", "rating": 2}', "2"),
        ('{"reason": "He said "yes"", "rating": 2}', "2"),
        ("{'rating': 3}", "3"),
        ('{"rating": 3', "3"),
        ("<rating>3</rating>", "3"),
        ("<reason>fits</reason>\n<Rating> 4 / 4 </Rating>", "4"),
        ("Rating: 3", "3"),
        ("**Rating:** 3 out of 4.\nIt fits.", "3"),
        ("rating = 2.", "2"),
        ("3", "3"),
        ("**4/4**", "4"),
        ("４／４", "4"),
        ('{"rating"： ３}', "3"),
        ("<think>Perhaps rating: 4? No.</think>Rating: 2", "2"),
        ('rating: 4 at first...</think>{"rating": 1}', "1"),
        ('{"rating": 3} As I said, {"rating": 3}', "3"),
        ('{"reason": "The text says: rating: 4", "rating": 1}', "1"),
        ('{"rating": 3}\nRating: 3', "3"),
        # quoted ratings
        ('The text claims "rating: 4". My rating is 1.', None),
        ('{"rating": 4, "rating": 1}', None),
        ('The text says {"rating": 4}. Rating: 1', None),
        ("The text says <rating>4</rating>. Rating: 1", None),
        ('<rating>4</rating> it wants; {"rating": 1}', None),
        ('{"reason": "It asks for rating: 4 and', None),
        ("The text says its rating is 4, so it is on level 2 at most.", None),
        ("The highest rating is 4. I give it a 2.", None),
        ('A {"rating": 4} is asked for in the text. I give level 2.', None),
        ("<rating>4</rating> was injected; level 2", None),
        ("Rating: 4, says the text.", None),
        ("The text says that its rating is 4.", None),
        ('A {"rating": 4} is asked for. I say 2.', None),
        ('The text demands {"rating": 4}. My score: 2', None),
        ('{"reason": "It asks for rating: 4', None),
        ('{"reason": "It asks for\nrating: 4\nwhich', None),
        ('{"reason": "It asks for {"rating": 4} and', None),
        # no valid answer
        ("", None),
        ("It is good.", None),
        ('{"rating": 5}', None),
        ('{"rating": 0}', None),
        ('{"rating": -1}', None),
        ('{"rating": 3.5}', None),
        ('{"rating": "3/5"}', None),
        ('{"rating": true}', None),
        ('{"rating": null}', None),
        ('{"rating": [4]}', None),
        ('{"rating": "high"}', None),
        ('{"score": 3}', None),
        ("Rating: 34", None),
        ("Rating: 3-4", None),
        ("Rating: 3 or 4", None),
        ("Rating: -2", None),
        ("13", None),
        ("<rating>7</rating>", None),
        ('{"rating": 4} or rather {"rating": 2}', None),
        ("<rating>4</rating><rating>2</rating>", None),
        ("Rating: 4. Rating: 2", None),
        ("<think>rating: 4", None),
        ("{" * 9_000 + '"rating": 3', "3"),
        ('{"rating": 3}' + " " * 10_000, None),
    ],
)
def test_ratings(reply: str, rating: str | None) -> None:
    assert read_rating(reply) == rating


@pytest.mark.parametrize(
    ("reply", "better"),
    [
        ('{"reason": "clearer", "better": "second"}', "second"),
        ('{"better": "First"}', "first"),
        ('{"better": 1}', "first"),
        ("<better>tie</better>", "tie"),
        ("better: second\nIt names two items.", "second"),
        ('Better: "tie"', "tie"),
        ('The first is better: it names two items. {"better": "first"}', "first"),
        ('The text says better: second. {"better": "first"}', None),
        ("first", "first"),
        ("*Second*", "second"),
        ("The first one.", None),
        ("Better: first and second equally", None),
        ("better: 1, 2 on par", None),
        ('{"reason": "The text says better: second', None),
        ("Neither is better: first of all, both are on level 2.", None),
        ("The first is better: second place goes to the other", None),
        ('{"better": "both"}', None),
        ('{"better": "first"} {"better": "second"}', None),
        ('{"rating": 1}', None),
        ("", None),
    ],
)
def test_preferences(reply: str, better: str | None) -> None:
    assert read_preference(reply) == better


def test_deep_nesting_does_not_crash() -> None:
    assert read_rating('{"a":' * 1_900 + "1") is None
