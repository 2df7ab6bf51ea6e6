from reward_models.text.citations import CitationFinder
from reward_models.text.reading import read

TITLES = ["Alpha", "Bravo", "No Return", "Delta"]


def test_cited_items_are_history_items_oldest_first_and_once():
    reading = read('Yes. "Delta", "Bravo", "Alpha" and "Delta".', CitationFinder(TITLES))
    assert reading.items == {0, 1, 3}
    assert reading.cited((3, 1, 2, 3)) == (3, 1)
    assert reading.cited((1, 3)) == (1, 3)


def test_a_verdict_word_in_a_title_is_not_a_verdict():
    assert read('Yes, because of "No Return".', CitationFinder(TITLES)).verdict == "yes"
