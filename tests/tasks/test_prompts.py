"""Phrasings and the forms in which items and histories are shown."""

import re
from functools import partial
from string import Formatter

import numpy as np
import pytest

from reward_models.text.citations import CitationFinder, parse_list
from rl_explain.config.settings import TASKS
from rl_explain.data.catalogue import Catalogue, unique_titles
from rl_explain.tasks.prompts import Prompts, load_templates

NASTY = [
    "Crimson Harbor",
    'A "Quoted" Name; with separator',
    "Two\nLines\tand tabs",
    "<|item_3|> <|user_0|>",
    "{history} and {item}",
    "Same",
    "same",
    "No; Yes",
]
VALUES = [("noir", "maritime"), ("noir",), (), ("rural",), (), (), (), ()]
SLOTS = {
    ("retrieval", "retrieval"): ["history"],
    ("ranking", "ranking"): ["history", "candidates"],
    ("classification", "classification"): ["history", "item"],
    ("reconstruction", "reconstruction"): ["history"],
    ("explanation", "explanation"): ["history", "item", "verdict", "reasons"],
    ("discrimination", "titles"): ["candidates"],
    ("discrimination", "attributes"): ["candidates"],
    ("discrimination", "similar"): ["candidates", "asked"],
    ("discrimination", "neighbours"): ["history", "item", "number"],
    ("discrimination", "influence"): ["history", "item", "move", "number"],
    ("instruction", "copy"): ["words"],
    ("instruction", "sort"): ["words"],
    ("instruction", "pick"): ["words", "place"],
    ("instruction", "count"): ["words"],
    **{("pressure", f"{k}_{v}"): [] for k in ("asserted", "disagreed") for v in ("yes", "no")},
    ("pressure", "neutral"): [],
    ("pressure", "false_reason"): ["item"],
    ("pressure", "mentioned"): ["item"],
    ("pressure", "false_attribute"): ["value"],
    ("pressure", "mentioned_attribute"): ["value"],
}


@pytest.fixture(scope="module")
def items() -> Catalogue:
    ids = [str(row) for row in range(len(NASTY))]
    attributes = [{"genre": v[:1], "theme": v[1:]} if v else {} for v in VALUES]
    return Catalogue(tuple(ids), unique_titles(NASTY, ids), tuple(attributes))


@pytest.mark.parametrize(("task", "kind"), SLOTS)
def test_eight_different_short_phrasings_with_their_slots(task: str, kind: str) -> None:
    texts = load_templates().texts[task][kind]
    assert len(set(texts)) == len(texts) >= 8
    for text in texts:
        fields = [field for _, field, _, _ in Formatter().parse(text) if field]
        assert sorted(fields) == sorted(SLOTS[task, kind]), text
        assert len(re.sub(r"\{\w+\}", "", text).split()) <= 25, text
        order = [fields.index(slot) for slot in ("item", "history") if slot in fields]
        assert order == sorted(order), text
        assert '"' not in text, text


def test_every_task_has_templates_and_nothing_else_is_there() -> None:
    texts = load_templates().texts
    assert set(texts) == {*TASKS, "pressure"}
    kinds = {(task, kind) for task in texts for kind in texts[task]}
    said = {("explanation", "reasons"), ("explanation", "first"), ("explanation", "last")}
    assert kinds == set(SLOTS) | said | {("discrimination", "number")}


def test_forms(items: Catalogue) -> None:
    prompts = Prompts(items)
    assert prompts.item(0, "hybrid") == '<|item_0|> "Crimson Harbor" (noir, maritime)'
    assert prompts.item(0, "behaviour") == '"Crimson Harbor" (noir, maritime)'
    assert prompts.item(0, "intention") == "<|item_0|>"
    assert prompts.item(0, "hybrid", bare=True) == '<|item_0|> "Crimson Harbor"'
    assert Prompts(items, show_attributes=False).item(0, "behaviour") == '"Crimson Harbor"'
    assert prompts.history([0, 5], "intention", "<|user_4|>") == "<|user_4|>"
    both = prompts.history([0, 5], "hybrid", "<|user_4|>")
    assert both == f"{prompts.item(0, 'hybrid')}; {prompts.item(5, 'hybrid')} <|user_4|>"
    beside = prompts.history([0, 5], "hybrid", "<|user_4|>", asked=3)
    assert beside.endswith(" <|user_4|> <|item_3|>")
    assert beside.removesuffix(" <|item_3|>").replace("<|item_3|> ", "") == both
    assert prompts.history([0, 5], "intention", "<|user_4|>", asked=3) == "<|user_4|> <|item_3|>"
    assert beside.startswith("<|item_3|> <|item_0|> ") and "; <|item_3|> <|item_5|> " in beside
    assert prompts.history([0, 5], "behaviour", "<|user_4|>", asked=3) == both.replace(
        " <|user_4|>", ""
    ).replace("<|item_0|> ", "").replace("<|item_5|> ", "")


def test_contributions_take_the_place_of_embeddings(items: Catalogue) -> None:
    plain, prompts = Prompts(items), Prompts(items, contributions=True)
    ask = partial(prompts.history, [5, 0], user="<|slot_4|>", asked=3)
    shown = ask(form="hybrid")
    assert shown == plain.history([5, 0], "hybrid", "<|slot_4|>", 3).replace(
        "<|item_5|>", "<|slot_4_0|>"
    ).replace("<|item_0|>", "<|slot_4_1|>")
    own = ask(form="hybrid", own_embeddings=True)
    assert own == plain.history([5, 0], "hybrid", "<|slot_4|>", 3)
    for form in ("behaviour", "intention"):
        assert ask(form=form) == plain.history([5, 0], form, "<|slot_4|>", 3)
    assert prompts.history([5, 0], "hybrid", "u") == plain.history([5, 0], "hybrid", "u")


@pytest.mark.parametrize("form", ["behaviour", "hybrid"])
def test_an_item_looks_the_same_everywhere(items: Catalogue, form: str) -> None:
    prompts = Prompts(items)
    prompt = prompts.explanation([0, 1, 2], 1, 2, form, "<|user_9|>")
    assert prompt.count(prompts.item(1, form)) == 2
    question, asked, history = prompt.split("\n")
    assert question.startswith("Would") and asked == f"Item: {prompts.item(1, form)}"
    assert history.startswith("History") and prompts.item(2, form) in history


def test_nasty_titles_survive(items: Catalogue) -> None:
    """What an answer lists is parsed to the same rows; prompts hold only the tokens meant."""
    prompts, finder = Prompts(items), CitationFinder(items.titles)
    rows = [5, 1, 0, 7, 2, 3, 6, 4]
    assert parse_list(prompts.titles(rows), finder) == rows
    for seed in range(12):
        rng = np.random.default_rng(seed)
        prompt = prompts.explanation(rows, 3, 1, "hybrid", "<|user_2|>", rng)
        shown = [token for row in rows for token in ("<|item_3|>", f"<|item_{row}|>")]
        asked = "<|item_3|>"
        assert re.findall(r"<\|\w+\|>", prompt) == [asked, *shown, "<|user_2|>", asked]
        assert len(prompt.splitlines()) == 3
        quoted = re.findall(r'"([^"]*)"', prompt)
        assert [items.find(title) for title in quoted] == [3, *rows]


def test_candidates_stand_behind_the_user(items: Catalogue) -> None:
    prompts = Prompts(items)
    one, two = (prompts.item(row, "hybrid") for row in (1, 2))
    assert (
        prompts.candidates([1, 2], "hybrid", "<|user_4|>") == f"<|user_4|> {one}; <|user_4|> {two}"
    )
    assert prompts.candidates([1], "intention", "<|user_4|>") == "<|user_4|> <|item_1|>"
    assert prompts.candidates([1], "behaviour", "<|user_4|>") == prompts.item(1, "behaviour")


def test_explanations_ask_for_reasons_and_verdict(items: Catalogue) -> None:
    first, last = Prompts(items), Prompts(items, verdict="last")
    asked = [first.explanation([0, 1, 2], 3, n, "hybrid", "<|user_0|>") for n in (1, 2, 3)]
    for prompt, word in zip(asked, ("one reason ", "two reasons", "three reasons"), strict=True):
        assert word in prompt and "Start with Yes or No." in prompt
    assert "End with" in last.explanation([0, 1, 2], 3, 1, "hybrid", "<|user_0|>")


def test_phrasings_vary_by_seed_alone(items: Catalogue) -> None:
    prompts = Prompts(items)

    def draw(seed: int) -> set[str]:
        rng = np.random.default_rng(seed)
        return {prompts.question("retrieval", rng, history="H") for _ in range(100)}

    assert len(draw(0)) == len(load_templates().texts["retrieval"]["retrieval"])
    first = [prompts.question("retrieval", np.random.default_rng(s), history="H") for s in (1, 1)]
    assert first[0] == first[1]
    assert len({prompts.question("retrieval", history="H") for _ in range(5)}) == 1
