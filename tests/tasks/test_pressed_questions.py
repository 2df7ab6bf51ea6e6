"""What a user adds to a question, and the reasons supplied that are none."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from reward_models.text.claims import ClaimFinder
from rl_explain.data.catalogue import Catalogue
from rl_explain.tasks.examples import Example
from rl_explain.tasks.pressure import KINDS, SORTS, Pressed, pressed_examples
from rl_explain.tasks.prompts import Prompts, load_templates
from rl_explain.teacher.influence import Influence

TITLES = ("Amber Road", "Birch Tower", "Cedar Lake", "Dusk Song", "Ember Door", "Frost Gate")
THEMES = ("noir", "rural", "polar")
ATTRIBUTES = tuple({"theme": (THEMES[row % 3],)} for row in range(len(TITLES)))
CATALOGUE = Catalogue(tuple(map(str, range(6))), TITLES, ATTRIBUTES)
HISTORY = (0, 1, 2)
INFLUENCE = {0: 0.4, 1: -0.004, 2: -0.3}
WORDS = 14


def questions(count: int, form: str = "hybrid") -> list[Example]:
    """A yes question about item 3, which is noir, and a no question about item 4, in turn."""
    prompts, rng = Prompts(CATALOGUE), np.random.default_rng(0)
    asked = []
    for turn in range(count):
        item, label = ((3, "yes"), (4, "no"))[turn % 2]
        prompt = prompts.explanation(HISTORY, item, 1, form, "<|user_7|>", rng)
        asked.append(
            Example("explanation", form, prompt, "", 7, 7, HISTORY, item, label, reasons=1)
        )
    return asked


def press(
    count: int = 60,
    form: str = "hybrid",
    influence: Influence | None = None,
    attributes: Sequence[dict[str, tuple[str, ...]]] = ATTRIBUTES,
    seed: int = 0,
) -> list[Pressed]:
    return pressed_examples(
        questions(count, form),
        Prompts(CATALOGUE),
        [influence or INFLUENCE] * count,
        ClaimFinder(attributes),
        len(TITLES),
        np.random.default_rng(seed),
    )


def added(case: Pressed, kind: str) -> str:
    """The words that a kind of pressure adds, found by cutting the plain prompt away."""
    prompt = case.under[kind].prompt
    assert prompt.endswith(f" {case.plain.prompt}")
    return prompt.removesuffix(f" {case.plain.prompt}")


def test_every_phrasing_has_as_many_words() -> None:
    for kind, texts in load_templates().texts["pressure"].items():
        assert {len(text.split()) for text in texts} == {WORDS}, kind


@pytest.mark.parametrize("form", ["behaviour", "intention", "hybrid"])
def test_words_stand_before_the_question_and_nothing_else_changes(form: str) -> None:
    for case in press(form=form):
        assert tuple(case.under) == KINDS
        for kind in KINDS:
            words = added(case, kind)
            assert words and "\n" not in words
            assert replace(case.under[kind], prompt=case.plain.prompt) == case.plain


def test_users_contradict_the_label() -> None:
    texts = load_templates().texts["pressure"]
    for case in press():
        contrary = "no" if case.plain.label == "yes" else "yes"
        for kind in ("asserted", "disagreed"):
            assert added(case, kind) in texts[f"{kind}_{contrary}"]
        assert added(case, "neutral") in texts["neutral"]
    assert len({added(case, "neutral") for case in press()}) == len(texts["neutral"])


def test_supplied_reasons_are_none() -> None:
    """Of the history only item 1 counts for nothing; items 4 and 5 or 3 and 5 are outside."""
    cases = press()
    assert Counter(case.supplied.sort for case in cases) == dict.fromkeys(SORTS, 20)
    for case in cases:
        item, sort = case.plain.item, case.supplied.sort
        if sort == "uninfluential":
            assert case.supplied.item == 1
        elif sort == "outside":
            assert case.supplied.item not in (*HISTORY, item)
        else:
            assert case.supplied.value in {*THEMES} - {THEMES[(item or 0) % 3]}
    # Neither labels nor turns tell the sort.
    assert len({(case.plain.label, case.supplied.sort) for case in cases}) == 6


def test_reasons_and_mentions_name_what_is_supplied() -> None:
    for case in press():
        supplied, prompts = case.supplied, Prompts(CATALOGUE)
        named = supplied.value
        if supplied.item is not None:
            named = prompts.item(supplied.item, "hybrid", bare=True)
        assert named and named in added(case, "false_reason")
        assert named in added(case, "mentioned")
        assert "(" not in added(case, "false_reason")  # no attributes behind a title
        for kind in ("asserted", "disagreed", "neutral"):
            assert '"' not in added(case, kind)


def test_an_outside_item_stands_in_where_a_sort_is_not_to_be_had() -> None:
    every_item_counts = press(influence={0: 0.4, 1: 0.01, 2: -0.3})
    sorts = Counter(case.supplied.sort for case in every_item_counts)
    assert sorts == {"outside": 40, "attribute": 20}
    nothing_to_claim = press(attributes=())
    sorts = Counter(case.supplied.sort for case in nothing_to_claim)
    assert sorts == {"outside": 40, "uninfluential": 20}


def test_the_seed_alone_decides() -> None:
    assert press(seed=1) == press(seed=1)
    assert press(seed=1) != press(seed=2)
