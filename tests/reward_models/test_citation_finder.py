import re

import numpy as np
import pytest

from reward_models.text.citations import CitationFinder, mask, parse_list
from reward_models.text.phrases import PhraseFinder, fold


def named(text, titles):
    return [titles[citation.item] for citation in CitationFinder(titles).find(text)]


def unknown(text, titles):
    finder = CitationFinder(titles)
    return finder.unknown(text, finder.find(text))


def slow_spans(text, phrases):
    """The same by one regular expression with every phrase, longest first."""
    ordered = "|".join(map(re.escape, sorted(phrases, key=len, reverse=True)))
    pattern = re.compile(rf"(?<!\w)(?<!\w-)(?:{ordered})(?!\w)(?!-\w)")
    return [match.span() for match in pattern.finditer(text)]


def test_automaton_matches_regular_expression_on_random_texts():
    rng = np.random.default_rng(0)
    words, gaps = ["a", "b", "ab", "ba", "b-a", "A", "é"], [" ", " ", " ", "", ", ", "-", "."]
    found = 0
    for _ in range(300):
        phrases = {" ".join(rng.choice(words, rng.integers(1, 4))) for _ in range(6)}
        text = "".join(rng.choice(words) + rng.choice(gaps) for _ in range(25))
        spans = [(m.start, m.end) for m in PhraseFinder({p: p for p in phrases}).find(text)]
        assert spans == slow_spans(text, phrases), (text, phrases)
        found += len(spans)
    assert found > 900


def test_citations_match_regular_expression_on_random_prose():
    rng = np.random.default_rng(1)
    words = ["Up", "Tide", "The Tide", "Harbor", "High Tide", "no", "and", "it", "Kept", "kept"]
    for _ in range(200):
        titles = sorted({" ".join(rng.choice(words, rng.integers(1, 3))) for _ in range(5)})
        titles = [title for title in titles if title != title.lower()]
        # Starts in lower case, so that no capital is due to the start of a sentence.
        text = "so " + " ".join(rng.choice(words, 20))
        if titles:
            citations = CitationFinder(titles).find(text)
            assert [(c.start, c.end) for c in citations] == slow_spans(text, titles)
            assert all(text[c.start : c.end] == titles[c.item] for c in citations)


def test_quoted_and_unquoted_titles_are_in_text_order():
    titles = ["Crimson Harbor", "The Silent Tide", "Up"]
    text = 'Yes. "Crimson Harbor" follows The Silent Tide, “Up” and "crimson HARBOR,".'
    found = CitationFinder(titles).find(text)
    assert [(c.item, text[c.start : c.end]) for c in found] == [
        (0, "Crimson Harbor"),
        (1, "The Silent Tide"),
        (2, "Up"),
        (0, "crimson HARBOR,"),
    ]


def test_longest_title_wins_where_titles_overlap():
    titles = ["Star", "Star Wars", "Star Wars Rebels", "Wars Rebels Return", "Rebels"]
    assert named("so Star Wars Rebels Return", titles) == ["Star Wars Rebels"]
    assert named("so Star Wars and Star", titles) == ["Star Wars", "Star"]
    # The longest candidate ends inside a word, so the shorter one counts.
    assert named("so Star Warsaw", titles) == ["Star"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Up to now it did, and no one knew.", []),
        ("No. It fits. Alone, her taste says it.", []),
        ("Verdict: No", []),
        ("liked because of Up and Her", ["Up", "Her"]),
        ('Yes. "Up" and "it" speak for it.', ["Up", "It"]),
        ("- Up\n- Now and Then", ["Now and Then"]),
        ("Every now and then", []),
        ("GoldenEye and 1984 are liked", ["GoldenEye", "1984"]),
        ("and I think so", []),
        ('and "I"', ["I"]),
        ("so Upward, Up-beat and X-Up do not count", []),
        ("so Up's charm counts", ["Up"]),
    ],
)
def test_titles_that_are_common_words(text, expected):
    titles = ["Up", "It", "Her", "Alone", "No", "Now and Then", "GoldenEye", "1984", "I"]
    assert named(text, titles) == expected


def test_quoted_span_is_one_title_or_none():
    finder = CitationFinder(["The Silent Tide", "Up"])
    text = 'so "The Silent Tide Returns", "Up" and "Up, Up"'
    assert [c.item for c in finder.find(text)] == [1]
    assert finder.unknown(text, finder.find(text)) == ["The Silent Tide Returns", "Up, Up"]


def test_unpaired_quotes_do_not_swallow_the_next_title():
    titles = ["The Silent Tide", "Glass Comet"]
    assert named('Tide" because "Glass Comet" and "The Silent Ti', titles) == ["Glass Comet"]
    for torn in ('Tide" because "Glass Comet"', 'Tide", "Glass Comet"'):
        assert unknown(torn, titles) == []
    assert named('so "The Silent Tide', titles) == ["The Silent Tide"]


def test_text_after_an_unclosed_quote_is_a_title():
    titles = ["The Silent Tide", "Glass Comet"]
    assert unknown('see "Invented Thing of Mine', titles) == ["Invented Thing of Mine"]
    assert unknown('"Glass Comet" and then “Glass Com', titles) == ["Glass Com"]
    assert unknown('"Nowhere\n"Glass Comet"', titles) == ["Nowhere"]
    assert unknown('"Glass Comet and more, without an end', titles) == []
    assert unknown('a 5" disc and Glass Comet" with "Glass Comet"', titles) == []


@pytest.mark.parametrize(
    "text",
    [
        "because of 'The Loud Tide' here",
        "because of ‘The Loud Tide’ here",
        "because of «The Loud Tide», as it is",
        "because of « The Loud Tide »",
        "because of „The Loud Tide“ here",
        "because of `The Loud Tide`",
        "because of ‹The Loud Tide› here",
        "because of ″The Loud Tide″ here",
        "because of ＂The Loud Tide＂ here",
        "because of ''The Loud Tide'' here",
        'because of " The Loud Tide " here',
        'because of"The Loud Tide" and "Glass Comet"',
    ],
)
def test_invented_titles_in_other_marks_are_unknown(text):
    assert unknown(text, ["The Silent Tide", "Glass Comet"]) == ["The Loud Tide"]


@pytest.mark.parametrize(
    "text",
    [
        "because of 'The Silent Tide' and «Glass Comet» and of\"Glass Comet\"",
        "the users' Tide, it's the '90s, and others' 'tis so",
        "'Ocean's Eleven' is a title whose apostrophe closes nothing",
        "an 'old-fashioned' mood",
        '"The Silent Tide"and "Glass Comet"',
        "because of 'Round Midnight, the users' choice, and Rock 'N' Roll",
        "because of ‹Glass Comet› and ''The Silent Tide'' and \" Glass Comet \"",
        "the '90s and 'Glass Comet' and 'Rock 'N' Roll'",
        'Tide." Because of "Glass Comet", and so on',
    ],
)
def test_other_marks_around_known_titles_and_words_give_no_unknown_title(text):
    titles = [
        "The Silent Tide",
        "Glass Comet",
        "Ocean's Eleven",
        "'Round Midnight",
        "Rock 'N' Roll",
    ]
    assert unknown(text, titles) == []


def test_apostrophes_and_titles_that_differ_only_in_them():
    assert len(named('so "Ocean’s Eleven" and Ocean’s Eleven', ["Ocean's Eleven"])) == 2
    pair = CitationFinder(["Ocean's Eleven", "Ocean’s Eleven"])
    assert [pair.lookup(t) for t in ("OCEAN'S ELEVEN", "ocean’s eleven")] == [0, 1]


def test_equal_titles_in_quotes_name_the_first_row():
    finder = CitationFinder(("Glass Comet", "Up", "Glass Comet", "GLASS COMET"))
    text = '"GLASS COMET" and Glass Comet, unlike GLASS COMET'
    assert [citation.item for citation in finder.find(text)] == [0, 0, 3]


def test_folding_keeps_positions():
    text = "ŉİß’ẞΣ"
    assert len(fold(text)) == len(text)
    assert named("so İİİ Glass Comet", ["Glass Comet"]) == ["Glass Comet"]


def test_mask_hides_titles_and_quotes_only():
    text = 'Yes Man is why; "No." too'
    masked = mask(text, CitationFinder(["Yes Man"]).find(text))
    assert len(masked) == len(text)
    assert re.findall(r"[a-zA-Z]+", masked) == ["is", "why", "too"]


def test_hundred_thousand_titles():
    letters = "abcdefghij"
    titles = [
        " ".join(letters[int(d)].upper() * 2 + letters[int(d)] for d in f"{i:05d}")
        for i in range(100_000)
    ]
    finder = CitationFinder(titles)
    wanted = list(range(0, 100_000, 9_999))
    text = "so " + ", then ".join(titles[i] for i in wanted)
    assert [c.item for c in finder.find(text)] == wanted


def test_empty_catalogue_and_empty_text():
    assert CitationFinder([]).find('so "Up"') == []
    assert CitationFinder(["Up"]).find("") == []


@pytest.mark.parametrize(
    "answer",
    ['"A b"; "C"; "New"', "a B; C; New", ' "A B" ;"c"; "New".', "A b\nC\nNew", "“A b”; “C”; “New”"],
)
def test_answer_lists_with_and_without_quotes(answer):
    assert parse_list(answer, CitationFinder(["A b", "C"])) == [0, 1, None]


def test_answer_list_edge_cases():
    finder = CitationFinder(["A b", "C"])
    assert parse_list("", finder) == []
    assert parse_list('Sure: "C"; "A b"; "A', finder) == [1, 0]
    assert parse_list("C; A b.", finder) == [1, 0]
