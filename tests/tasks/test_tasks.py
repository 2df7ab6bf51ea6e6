"""Examples of every task, checked against the recommender in plain Python."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from reward_models.context import RewardContext
from reward_models.text.citations import parse_list
from rl_explain.config.settings import TASKS
from rl_explain.data.catalogue import Catalogue
from rl_explain.errors import UserError
from rl_explain.tasks.build import build_examples
from rl_explain.tasks.context import Scored, TaskContext
from rl_explain.tasks.examples import Example, columns, read_examples, write_examples
from rl_explain.tasks.explanations import top_item_examples
from rl_explain.tasks.history_lookups import MOST_ASKED
from rl_explain.tasks.prompts import Prompts, load_templates
from rl_explain.tasks.user_histories import UserHistories, UserHistory
from rl_explain.teacher.template import Teacher

NUM_ITEMS, STATES = 30, 60
FORMS = ("behaviour", "intention", "hybrid")
FIRST = ("Amber", "Birch", "Cedar", "Dusk", "Ember", "Frost")
TITLES = [f"{a} {b}" for a in FIRST for b in ("Road", "Tower", "Lake", "Song", "Door")]
GENRES = ("noir", "comedy", "western")


class Linear:
    """Scores are dot products; later items of the history weigh more."""

    num_items, dim, max_history, fingerprint = NUM_ITEMS, 4, 12, "linear"

    def item_embeddings(self) -> np.ndarray:
        return (np.random.default_rng(7).normal(size=(NUM_ITEMS, 4)) + 1).astype(np.float32)

    def user_embeddings(self, histories: Sequence[Sequence[int]]) -> np.ndarray:
        items = self.item_embeddings()
        means = [(items[list(h)] * np.arange(1, len(h) + 1)[:, None]).mean(0) for h in histories]
        return np.stack(means)

    def score(self, histories: Sequence[Sequence[int]]) -> np.ndarray:
        return self.user_embeddings(histories) @ self.item_embeddings().T


@pytest.fixture(scope="module")
def context() -> TaskContext:
    attributes = [{"genre": (GENRES[row % 3],)} for row in range(NUM_ITEMS)]
    return make_context(
        Catalogue(tuple(map(str, range(NUM_ITEMS))), tuple(TITLES), tuple(attributes))
    )


def make_context(items: Catalogue) -> TaskContext:
    rng = np.random.default_rng(0)
    lengths = rng.integers(3, 13, size=STATES)
    drawn = [
        UserHistory(i // 2, tuple(rng.permutation(NUM_ITEMS)[:n].tolist()))
        for i, n in enumerate(lengths)
    ]
    places = tuple(range(STATES))
    histories = UserHistories(tuple(drawn), places[:40], places[40:50], places[50:])
    return TaskContext(items, histories, Linear(), Prompts(items))


def build(context: TaskContext, task: str, count: int, **options: object) -> list[Example]:
    options = {"forms": FORMS, "seed": 0} | options
    return build_examples(context, context.user_histories.train, {task: count}, **options)  # type: ignore[arg-type]


def plain_percentile(scores: np.ndarray, history: Sequence[int], item: int) -> float:
    rivals = [i for i in range(NUM_ITEMS) if i not in history and i != item]
    below = sum(float(scores[r] < scores[item]) for r in rivals)
    equal = sum(float(scores[r] == scores[item]) for r in rivals)
    return (below + equal / 2) / len(rivals)


def rows(context: TaskContext, text: str) -> list[int | None]:
    return parse_list(text, RewardContext(context.catalogue.titles, (), Linear()).finder)


@pytest.mark.parametrize("task", TASKS)
def test_every_task(context: TaskContext, task: str) -> None:
    """The count asked for; histories of the given histories; filled templates; seeded; JSON
    lines."""
    examples = build(context, task, 70, teacher=Teacher(context.catalogue))
    assert len(examples) == 70
    assert examples == build(context, task, 70, teacher=Teacher(context.catalogue))
    assert examples != build(context, task, 70, teacher=Teacher(context.catalogue), seed=1)
    for example in examples:
        assert example.task == task and example.completion
        assert not re.search(r"\{\w+\}", example.prompt)
        assert not ("<|" in example.prompt and example.form == "behaviour")
        assert not ('"' in example.prompt and example.form == "intention")
        if example.history_id is not None:
            user_history = context.user_histories[example.history_id]
            assert (user_history.user, user_history.history) == (example.user, example.history)
            assert example.history_id in context.user_histories.train
            tokens = re.findall(r"<\|user_(\d+)\|>", example.prompt)
            assert set(tokens) == (
                set() if example.form == "behaviour" else {str(example.history_id)}
            )


def test_files_keep_examples(context: TaskContext, tmp_path: Path) -> None:
    examples = [e for task in TASKS for e in build(context, task, 5)]
    examples.append(Example("instruction", "behaviour", "Line\u2028 separator\n", "\x85"))
    write_examples(examples, tmp_path / "examples.jsonl")
    assert read_examples(tmp_path / "examples.jsonl") == examples
    assert columns(examples)["history"] == [example.history for example in examples]
    with pytest.raises(UserError, match="no examples"):
        read_examples(tmp_path / "none.jsonl")


def test_percentiles_of_all_items_at_once() -> None:
    scores = np.array([0.5, 0.1, 0.5, 0.9, 0.5, 0.1, 0.3])
    scored = Scored(0, UserHistory(0, (6, 1)), scores)
    for item, share in zip(scored.others, scored.percentiles, strict=True):
        rivals = [i for i in (0, 2, 3, 4, 5) if i != item]
        below = sum((scores[r] < scores[item]) + 0.5 * (scores[r] == scores[item]) for r in rivals)
        assert share == pytest.approx(below / len(rivals))


def test_labels_are_the_recommenders(context: TaskContext) -> None:
    for task in ("classification", "explanation"):
        examples = build(context, task, 200)
        for example in examples:
            assert example.item is not None and example.item not in example.history
            scores = context.recommender.score([example.history])[0]
            share = plain_percentile(scores, example.history, example.item)
            assert share >= 0.8 if example.label == "yes" else share <= 0.5
        assert [e.label for e in examples].count("yes") == 100
    assert {e.completion for e in build(context, "classification", 50)} == {"Yes", "No"}


def test_items_are_drawn_from_all_that_have_the_label(context: TaskContext) -> None:
    (place,) = context.user_histories.train[:1]
    examples = build_examples(context, [place], {"classification": 600}, FORMS, 0)
    history = context.user_histories[place].history
    scores = context.recommender.score([history])[0]
    for label, low, high in (("yes", 0.8, 1), ("no", 0, 0.5)):
        expected = {
            item
            for item in set(range(NUM_ITEMS)) - set(history)
            if low <= plain_percentile(scores, history, item) <= high
        }
        drawn = [e.item for e in examples if e.label == label]
        assert set(drawn) == expected
        assert max(drawn.count(item) for item in expected) < 3 * 300 / len(expected)


def test_retrieval_names_the_top_item(context: TaskContext) -> None:
    for example in build(context, "retrieval", 60):
        assert f"<|item_{example.item}|>" not in example.prompt
        scores = context.recommender.score([example.history])[0]
        best = max(set(range(NUM_ITEMS)) - set(example.history), key=lambda item: scores[item])
        assert rows(context, example.completion) == [best] == [example.item]
        assert context.prompts.titles([best]) not in example.prompt


def test_ranking_is_in_the_recommenders_order(context: TaskContext) -> None:
    orders = set()
    for example in build(context, "ranking", 60):
        assert example.candidates is not None
        ranked = rows(context, example.completion)
        assert sorted(ranked) == sorted(example.candidates)  # type: ignore[type-var]
        assert len(set(example.candidates) - set(example.history)) == 5
        values = context.recommender.score([example.history])[0][ranked]  # type: ignore[index]
        assert (np.diff(values) <= 0).all()
        user = f"<|user_{example.history_id}|>"
        assert context.prompts.candidates(example.candidates, example.form, user) in example.prompt
        orders.add(tuple(ranked.index(item) for item in example.candidates))
    assert len(orders) > 30  # shown in random order


def test_reconstruction_reads_the_embedding_alone(context: TaskContext) -> None:
    for example in build(context, "reconstruction", 30):
        assert example.form == "intention"
        assert rows(context, example.completion) == list(example.history)
    assert build(context, "reconstruction", 30, forms=("behaviour",)) == []


def test_every_state_before_any_twice(context: TaskContext) -> None:
    seen = [example.history_id for example in build(context, "retrieval", 100)]
    assert set(seen[:40]) == set(seen[40:80]) == set(context.user_histories.train)
    assert seen[:40] != seen[40:80]


def kind_of(example: Example) -> str:
    """The kind of question that an example is, by the phrasing that it matches."""
    for kind, phrasings in load_templates().texts[example.task].items():
        for text in phrasings:
            pattern = re.sub(r"\\\{\w+\\\}", "(.*)", re.escape(text))
            if kind != "number" and re.fullmatch(pattern, example.prompt):
                return kind
    raise AssertionError(example.prompt)


def test_discrimination_answers(context: TaskContext) -> None:
    items = context.recommender.item_embeddings()
    items = items - items.mean(0)
    found = build(context, "discrimination", 200)
    kinds = [kind_of(example) for example in found]
    assert all(kinds.count(kind) == 40 for kind in set(kinds)) and len(set(kinds)) == 5
    for kind, example in zip(kinds, found, strict=True):
        shown = list(example.candidates or ())
        if kind == "titles":
            assert example.form == "intention"
            assert rows(context, example.completion) == shown
        elif kind == "attributes":
            genres = [GENRES[row % 3] for row in shown]
            assert example.completion == "; ".join(genres)
            assert not any(genre in example.prompt for genre in GENRES)
        elif kind == "similar":
            answers = rows(context, example.completion)
            asked = [row for row in range(NUM_ITEMS) if row not in shown and _shows(example, row)]
            assert len(answers) == len(asked) == 3
            assert {max(shown, key=lambda r: items[r] @ items[a]) for a in asked} == set(answers)
        elif kind == "neighbours":
            nearest = sorted(example.history, key=lambda r: -(items[r] @ items[example.item]))
            answers = rows(context, example.completion)
            assert answers == nearest[: len(answers)] and 1 <= len(answers) <= MOST_ASKED
        else:
            assert ("raise" in example.prompt) == (example.label == "yes")
            answers = rows(context, example.completion)
            assert answers[0] == _most_moving(context, example)
            assert len(set(answers)) == len(answers) <= MOST_ASKED


def _shows(example: Example, row: int) -> bool:
    return f"<|item_{row}|>" in example.prompt or f'"{TITLES[row]}"' in example.prompt


def _most_moving(context: TaskContext, example: Example) -> int:
    """The history item without which the asked one falls (yes) or rises (no) most."""

    def share_without(item: int) -> float:
        rest = [i for i in example.history if i != item]
        scores = context.recommender.score([rest])[0]
        return plain_percentile(scores, example.history, example.item or 0)

    sign = 1 if example.label == "yes" else -1
    recent_first = example.history[::-1]
    return min(recent_first, key=lambda item: sign * share_without(item))


def test_a_catalogue_without_attributes_is_not_asked_for_any() -> None:
    ids = tuple(map(str, range(NUM_ITEMS)))
    bare = make_context(Catalogue(ids, tuple(TITLES), ({},) * NUM_ITEMS))
    kinds = {kind_of(example) for example in build(bare, "discrimination", 40)}
    assert kinds == {"titles", "similar", "neighbours", "influence"}
    texts = build(bare, "discrimination", 40, forms=("behaviour",))
    assert {kind_of(example) for example in texts} == {"similar", "neighbours", "influence"}


def test_explanations_of_held_out_states(context: TaskContext) -> None:
    """A yes and a no of each user history; one to three reasons, never more than the score
    accepts."""
    test = context.user_histories.test
    examples = build_examples(context, test, {"explanation": 2 * len(test)}, ["hybrid"], 0)
    pairs = sorted((e.history_id, e.label) for e in examples)
    assert pairs == sorted((place, label) for place in test for label in ("yes", "no"))
    words = {1: "one reason ", 2: "two reasons", 3: "three reasons"}
    for turn, example in enumerate(examples):
        limit = max(1, len(set(example.history)) // 3)
        assert example.reasons == min(1 + turn % 3, limit)
        assert words[example.reasons] in example.prompt
        assert example.completion == ""


def test_top_items_of_held_out_states(context: TaskContext) -> None:
    for most, expected in ((4, 4), (99, 10)):
        rng = np.random.default_rng(0)
        examples = top_item_examples(context, context.user_histories.test, most, "hybrid", rng)
        assert len({e.history_id for e in examples}) == len(examples) == expected
        for e in examples:
            scores = Linear().score([e.history])[0]
            scores[list(e.history)] = -np.inf
            assert (e.item, e.label) == (scores.argmax(), "yes")
            assert e.reasons == min(3, len(e.history) // 3)
            assert (
                e.history_id in context.user_histories.test and TITLES[scores.argmax()] in e.prompt
            )


def test_the_teacher_answers_the_question_that_is_asked(context: TaskContext) -> None:
    reader = RewardContext(context.catalogue.titles, context.catalogue.attributes, Linear())
    clean = build(context, "explanation", 80, teacher=Teacher(context.catalogue, corruption_rate=0))
    for example in clean:
        reading = reader.read(example.completion)
        cited = reading.cited(example.history)
        assert reading.verdict == example.label
        assert len(cited) <= (example.reasons or 0)
        assert not cited or _most_moving(context, example) in cited


def test_noise_changes_answers_alone(context: TaskContext) -> None:
    noisy = build(
        context, "explanation", 100, teacher=Teacher(context.catalogue, corruption_rate=0.3)
    )
    clean = build(
        context, "explanation", 100, teacher=Teacher(context.catalogue, corruption_rate=0)
    )
    assert [e.prompt for e in noisy] == [e.prompt for e in clean]
    same = [a.completion == b.completion for a, b in zip(noisy, clean, strict=True)]
    assert 0.55 < np.mean(same) < 0.85


def test_instructions_are_answered(context: TaskContext) -> None:
    kinds = set()
    vocabulary = " ".join(TITLES).split()
    for example in build(context, "instruction", 200):
        words = [word for word in re.findall(r"\w+", example.prompt) if word in vocabulary]
        place = re.search("first|second|third|last", example.prompt)
        index = {"first": 0, "second": 1, "third": 2, "last": -1}[place[0] if place else "last"]
        kinds.add(kind := kind_of(example))
        assert (
            example.completion
            == {
                "copy": " ".join(words),
                "sort": " ".join(sorted(words)),
                "pick": words[index],
                "count": str(len(words)),
            }[kind]
        ), example
    assert len(kinds) == 4


def test_instructions_of_the_users_own(context: TaskContext, tmp_path: Path) -> None:
    path = tmp_path / "own.jsonl"
    lines = [json.dumps({"prompt": f"p{i}", "completion": f"c{i}"}) for i in range(3)]
    path.write_text("\n".join(lines) + "\n")
    found = build(context, "instruction", 7, instructions=path)
    assert len(found) == 7 and {e.prompt for e in found} == {"p0", "p1", "p2"}
    path.write_text(lines[0] + '\n{"prompt": "p"}\n')
    with pytest.raises(UserError, match="line 2"):
        build(context, "instruction", 7, instructions=path)
    path.write_text("\n")
    with pytest.raises(UserError, match="empty"):
        build(context, "instruction", 7, instructions=path)
    with pytest.raises(UserError, match="does not exist"):
        build(context, "instruction", 7, instructions=tmp_path / "none")


def test_mistakes_are_named(context: TaskContext) -> None:
    with pytest.raises(UserError, match="Did you mean 'ranking'"):
        build(context, "rankin", 5)

    class Indifferent(Linear):
        def score(self, histories: Sequence[Sequence[int]]) -> np.ndarray:
            return np.zeros((len(histories), NUM_ITEMS), np.float32)

    same = TaskContext(context.catalogue, context.user_histories, Indifferent(), context.prompts)
    assert {e.label for e in build(same, "classification", 10)} == {"no"}
    with pytest.raises(UserError, match="0 histories"):
        build_examples(context, [], {"retrieval": 3}, FORMS, 0)
