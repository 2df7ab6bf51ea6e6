"""The writer's texts, read back by the parsers that score them."""

import re
from collections.abc import Mapping
from itertools import product

import numpy as np
import pytest

from reward_models.context import RewardContext
from reward_models.grounding import grounding
from reward_models.text.claims import Claim
from rl_explain.data.catalogue import Catalogue, unique_titles
from rl_explain.teacher import frames
from rl_explain.teacher.writer import Writer

TITLES = ["Crimson Harbor", "The Silent Tide", "Iron Orchard", "Glass Comet", "No", "Amber Fox"]
GENRES = [("noir", "maritime"), ("noir", "maritime"), ("noir",), ("comedy",), (), ("noir", "rural")]
NASTY = [
    'The "Real" One; Part 2',
    "Line\nBreak: Yes.",
    "<|item_3|> and [is|are] {cited}",
    "Dr. Who? No! Verdict: no.",
    "“Curly”, A; B",
    "Up",
]
SETS = [(1,), (2,), (3,), (4,), (1, 2), (1, 3), (3, 4), (1, 2, 5), (1, 2, 3), ()]


def catalogue(titles: list[str], values: list[tuple[str, ...]]) -> Catalogue:
    ids = [str(row) for row in range(len(titles))]
    attributes: list[Mapping[str, tuple[str, ...]]] = [{"genre": v} if v else {} for v in values]
    return Catalogue(tuple(ids), unique_titles(titles, ids), tuple(attributes))


CATALOGUES = {
    "plain": catalogue(TITLES, GENRES),
    "no attributes": catalogue(TITLES, [()] * 6),
    "nasty titles": catalogue(NASTY, GENRES),
}


@pytest.mark.parametrize("verdict", ["yes", "no"])
@pytest.mark.parametrize("name", CATALOGUES)
@pytest.mark.parametrize("place", ["first", "last"])
def test_texts_parse_back_and_claim_nothing_false(name: str, place: str, verdict: str) -> None:
    items = CATALOGUES[name]
    writer = Writer(items, place)
    context = RewardContext(items.titles, items.attributes, recommender=None)  # type: ignore[arg-type]
    history = (1, 2, 3, 4, 5)
    for cited, weak, seed in product(SETS, (False, True), range(25)):
        text = writer.write(0, verdict, cited, np.random.default_rng(seed), weak)  # type: ignore[arg-type]
        reading = context.read(text)
        assert reading.verdict == verdict, text
        word = verdict.capitalize()
        assert text.startswith(f"{word}. ") == (place == "first"), text
        assert text.endswith(f". Verdict: {verdict}.") == (place == "last"), text
        assert reading.cited(history) == cited, text
        assert 0 in reading.items, text
        assert not reading.unknown, text
        constrained = grounding(
            [text], context=context, task=["explanation"], item=[0], history=[history]
        )
        assert constrained == [1.0 if cited else 0.0], text


def test_attributes_are_named_and_true() -> None:
    """Where titles share values with the item, most texts of a yes claim some, all of them true."""
    items = CATALOGUES["plain"]
    context = RewardContext(items.titles, items.attributes, recommender=None)  # type: ignore[arg-type]
    claims = []
    for seed in range(100):
        text = Writer(items).write(0, "yes", (1,), np.random.default_rng(seed))
        claims.append(context.claims.find(context.read(text), 0))
    assert all(context.claims.is_true(claim) for found in claims for claim in found)
    assert np.mean([{c.value for c in found} == {"noir", "maritime"} for found in claims]) > 0.6


def test_contrast_is_with_what_the_item_lacks() -> None:
    for cited, lacking in ((3, "comedy"), (5, "rural")):
        texts = [
            Writer(CATALOGUES["plain"]).write(0, "no", (cited,), np.random.default_rng(seed))
            for seed in range(60)
        ]
        named = [text for text in texts if lacking in text]
        assert 15 < len(named) < 55
        assert all('"Crimson Harbor"' in text for text in texts)
        assert not any("noir" in text or "maritime" in text for text in texts)


def test_every_contrast_is_read_as_a_claim_about_the_cited_titles_alone() -> None:
    for frame, plural in product(frames.CONTRAST, (False, True)):
        cited = '"Glass Comet"' + ' and "Amber Fox"' * plural
        body = frames.inflect(frame, plural).format(
            item='"Crimson Harbor"',
            cited=cited,
            values="comedy",
            labels="the label comedy",
            kind="comedy titles" if plural else "a comedy title",
        )
        context = RewardContext(TITLES, CATALOGUES["plain"].attributes, recommender=None)  # type: ignore[arg-type]
        for text in (f"No. {body}.", f"{body}. Verdict: no."):
            claims = context.claims.find(context.read(text), 0)
            assert claims == {Claim(item, "comedy") for item in (3, 5)[: 1 + plural]}, text


BODIES = (
    *(frames.LIFT + frames.LIFT_REMOVED + frames.WEAK + frames.WHOLE),
    *(frames.LOWER + frames.LOWER_REMOVED + frames.CONTRAST + frames.EMPTY),
)


def test_bodies_name_the_asked_title_once_and_what_is_added_does_not() -> None:
    assert all(frame.count("{item}") == (frame in BODIES) for frame in frames.FRAMES)


def test_length_and_form() -> None:
    """Two-word titles: at most 40 words, one or two sentences; grammar that a pattern can see."""
    items = CATALOGUES["plain"]
    lengths = []
    for verdict, cited, seed in product(("yes", "no"), SETS, range(40)):
        text = Writer(items).write(0, verdict, cited, np.random.default_rng(seed))  # type: ignore[arg-type]
        lengths.append(len(text.split()))
        assert not re.search(r"[\[\]|{}]|  | [,.:;]|[,.:;]{2}", text), text
        assert text.endswith(".")
    assert min(lengths) >= 8 and max(lengths) <= 40
    assert np.mean(np.array(lengths) >= 11) > 0.9


def test_verbs_agree_with_the_number_of_titles() -> None:
    singular = "is|does|carries|comes|points|pulls|speaks|stands for|turns|leads|brings"
    for verdict, weak, seed in product(("yes", "no"), (False, True), range(80)):
        rng = np.random.default_rng(seed)
        text = Writer(CATALOGUES["plain"]).write(0, verdict, (1, 2), rng, weak)  # type: ignore[arg-type]
        assert not re.search(rf'and "[^"]*" ({singular})\b', text), text
        assert "both" not in text and " it away" not in text, text


def test_words_that_are_attributes_here_are_avoided() -> None:
    """In a catalogue with the genres "history" and "high", no sentence uses the words."""
    items = catalogue(TITLES, [("history",), ("high",), ("history",), (), (), ()])
    for verdict, cited, seed in product(("yes", "no"), [(4,), (4, 5), ()], range(60)):
        text = Writer(items).write(3, verdict, cited, np.random.default_rng(seed))  # type: ignore[arg-type]
        assert not re.search(r"\b(history|high)\b", text), text


def test_there_is_variety_and_a_small_vocabulary() -> None:
    assert len(frames.LIFT + frames.LIFT_REMOVED) >= 12
    assert len(frames.LOWER + frames.LOWER_REMOVED + frames.CONTRAST) >= 10
    assert len(frames.SHARED) >= 8
    texts = [
        frames.fixed_words(frames.inflect(frame, plural))
        for frame, plural in product(frames.FRAMES, (False, True))
    ]
    words = {word.casefold() for text in texts for word in re.findall(r"\w+", text)}
    assert 100 < len(words) < 400
    assert not words & {"cited", "values", "labels"}


def test_no_frame_holds_a_verdict_word() -> None:
    for frame in frames.FRAMES:
        assert not re.search(r"\b(yes|no)\b", frame, re.IGNORECASE), frame


def test_article() -> None:
    for noun in ("mystery", "universal", "1990s", "European", "one-shot"):
        assert frames.article(noun) == "a", noun
    for noun in ("adventure", "urban", "hour", "unusual", "80s"):
        assert frames.article(noun) == "an", noun


def test_inflection_and_lists() -> None:
    assert frames.inflect("[is|are] a sign[|s]", plural=False) == "is a sign"
    assert frames.inflect("[is|are] a sign[|s]", plural=True) == "are a signs"
    assert frames.enumerate_words(["A"]) == "A"
    assert frames.enumerate_words(["A", "B"]) == "A and B"
    assert frames.enumerate_words(["A", "B", "C"]) == "A, B and C"
