"""The whole evaluation, with a model whose answers are written down."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from small_world import World
from transformers import AutoTokenizer

from rl_explain.errors import UserError
from rl_explain.evaluation.evaluate import Evaluation
from rl_explain.evaluation.results import Result, load_result, merge_metrics, write_samples
from rl_explain.tasks.examples import Example
from rl_explain.tasks.pressure import KINDS, Pressed, Supplied

CONTRACT = (
    *("retrieval/hit@5", "retrieval/ndcg@5", "ranking/ndcg@5", "classification/accuracy"),
    *("history/hcr", "explanation/verdict_accuracy", "explanation/cites", "grounding/precision"),
    *("faithfulness/score", "faithfulness/comprehensiveness", "faithfulness/sufficiency"),
    *("faithfulness/ill_posed", "causes/f1", "text/rouge_l", "text/length", "text/distinct_2"),
)
"""Names that DESIGN promises, those of a judge or a reader model left out."""


class Scripted:
    """Answers every prompt with the reference, which its examples hold."""

    def __init__(self, examples: Sequence[Example], base: Path) -> None:
        self.answers = {e.prompt: e.completion for e in examples}
        self.tokenizer = AutoTokenizer.from_pretrained(base)

    def generate(self, prompts: Sequence[str], **options: Any) -> list[list[str]]:
        assert options["max_new_tokens"] > 0
        if "allowed_tokens" in options:
            return [["constrained"] * 5 for _ in prompts]
        return [[self.answers[p]] * options.get("num_return_sequences", 1) for p in prompts]

    def answer_logits(self, prompts: Sequence[str], answers: Sequence[str]) -> torch.Tensor:
        return torch.tensor([[float(self.answers[p] == a) for a in answers] for p in prompts])


def all_examples(world: World) -> list[Example]:
    """Every task, each with its right answer; explanations cite the first history item."""
    titles, examples = [f'"{t}"' for t in world.context.titles], []
    for e in world.examples:
        best = world.recommender.score([e.history])[0].argsort()[::-1]
        others = [int(i) for i in best if i not in e.history]
        said = f"{(e.label or '').capitalize()}. It is close to {titles[e.history[0]]}."
        bare = replace(e, item=None, label=None, reasons=None)
        shown = tuple(sorted(others[:5]))
        ranked = "; ".join(titles[i] for i in others[:5])
        listed = "; ".join(titles[i] for i in e.history)
        examples += [
            replace(e, completion=said),
            replace(bare, task="retrieval", completion=titles[others[0]], item=others[0]),
            replace(bare, task="ranking", completion=ranked, candidates=shown),
            replace(e, task="classification", completion=(e.label or "").capitalize()),
            replace(bare, task="reconstruction", completion=listed),
            replace(bare, task="instruction", completion="Hello."),
        ]
    return [replace(e, prompt=f"{e.task} {e.prompt}") for e in examples]


@pytest.fixture
def evaluation(world: World, tmp_path: Path) -> Evaluation:
    return make(world, tmp_path)


def make(world: World, folder: Path, **changes: Any) -> Evaluation:
    return Evaluation(
        all_examples(world),
        world.interactions,
        world.recommender,
        world.context,
        folder,
        **({"resamples": 200} | changes),
    )


@pytest.fixture
def scripted(world: World, random_base: Path) -> Scripted:
    return Scripted(all_examples(world), random_base)


def forbidden() -> Scripted:
    raise AssertionError("this model must not be loaded")


def test_a_model_that_knows_every_answer(evaluation: Evaluation, scripted: Scripted) -> None:
    result = evaluation.model("sft", lambda: scripted, "weights")
    for name in CONTRACT:
        value, low, high = (result.metrics[f"{name}{end}"] for end in ("", "/ci_low", "/ci_high"))
        assert value is not None and low is not None and high is not None
        assert low <= value <= high, name
    perfect = [
        *("retrieval/hit@5", "retrieval/ndcg@5", "ranking/ndcg@5"),
        *("classification/accuracy", "history/hcr", "history/hcr_paper", "grounding/precision"),
        *("explanation/verdict_accuracy", "explanation/cites", "text/rouge_l"),
        *("explanation/verdict_accuracy/yes", "explanation/verdict_accuracy/no"),
    ]
    assert {result.metrics[name] for name in perfect} == {1.0}
    assert result.metrics["retrieval_constrained/hit@5"] == 0
    assert -1 < (result.metrics["faithfulness/score"] or 0) < 1
    assert result.metrics["text/length"] == 8  # Yes. It is close to "Title Number Aa".


def test_parts_average_to_the_whole(evaluation: Evaluation, scripted: Scripted) -> None:
    measures = evaluation.model("sft", lambda: scripted, "weights").measures
    whole = measures["faithfulness/score"].values
    for parts in (("yes", "no"), ("reasons_1", "reasons_2", "reasons_3")):
        split = [measures[f"faithfulness/score/{part}"].values for part in parts]
        counts = sum(~torch.tensor(values).isnan() for values in split)
        assert (counts == ~torch.tensor(whole).isnan()).all()


def test_results_are_reused_until_something_changes(
    world: World, evaluation: Evaluation, scripted: Scripted, tmp_path: Path
) -> None:
    first = evaluation.model("sft", lambda: scripted, "weights")
    again = make(world, tmp_path).model("sft", forbidden, "weights")
    assert again.metrics == first.metrics
    assert again.samples == first.samples
    with pytest.raises(AssertionError, match="must not be loaded"):
        evaluation.model("sft", forbidden, "other weights")
    with pytest.raises(AssertionError, match="must not be loaded"):
        make(world, tmp_path, max_new_tokens=9).model("sft", forbidden, "weights")


@pytest.mark.parametrize("constrained", [True, False])
def test_explanations_alone_are_held_to_titles(
    world: World, scripted: Scripted, tmp_path: Path, constrained: bool
) -> None:
    asked: dict[str, bool] = {}
    generate = scripted.generate

    def listening(prompts: Sequence[str], constrained: bool = False, **options: Any) -> Any:
        asked[options["description"]] = constrained
        return generate(prompts, **options)

    scripted.generate = listening  # type: ignore[method-assign]
    make(world, tmp_path, constrained=constrained).model("sft", lambda: scripted, "weights")
    held = {description for description, is_held in asked.items() if is_held}
    assert held == ({"explanation"} if constrained else set())
    assert asked.keys() > {"explanation"}
    with pytest.raises(AssertionError, match="must not be loaded"):
        make(world, tmp_path, constrained=not constrained).model("sft", forbidden, "weights")


def test_a_later_failure_loses_nothing(
    evaluation: Evaluation, scripted: Scripted, tmp_path: Path
) -> None:
    evaluation.model("sft", lambda: scripted, "weights")
    with pytest.raises(AssertionError):
        evaluation.model("ppo", forbidden, "weights")
    assert [path.name for path in tmp_path.iterdir()] == ["sft.json"]


def test_baselines_pass_through_the_same_metrics(evaluation: Evaluation) -> None:
    metrics = evaluation.baseline("oracle").metrics
    assert metrics["explanation/verdict_accuracy"] == 1
    assert metrics["grounding/precision"] == 1
    assert metrics["faithfulness/score"] == pytest.approx(1)
    random = evaluation.baseline("random").metrics["faithfulness/score"]
    assert random is not None and random < 1
    assert "ranking/ndcg@5" not in metrics
    with pytest.raises(UserError, match="Did you mean 'oracle'"):
        evaluation.baseline("orakle")


def test_each_row_says_what_an_explanation_costs_the_recommender(
    world: World, evaluation: Evaluation, scripted: Scripted, tmp_path: Path
) -> None:
    calls = "explanation/recommender_calls"
    n = np.array([len(e.history) for e in world.examples])
    contributions = float(np.mean(1 + n + n * (n - 1) / 2))
    assert evaluation.baseline("random").metrics[calls] == 0
    assert evaluation.baseline("leave_one_out").metrics[calls] == pytest.approx(np.mean(n + 1))
    assert evaluation.baseline("contribution_dot").metrics[calls] == pytest.approx(contributions)
    sft = evaluation.model("sft", lambda: scripted, "weights").metrics
    assert sft[calls] == pytest.approx(contributions)
    best = evaluation.texts("best", lambda asked: ["Yes."] * len(asked), "", lambda example: 3)
    assert best.metrics[calls] == pytest.approx(contributions + 3)
    plain = make(world, tmp_path, contributions=False).model("sft", lambda: scripted, "weights")
    assert plain.metrics[calls] == 1
    assert calls not in evaluation.most_frequent_item().metrics


def with_top_items(world: World, folder: Path) -> Evaluation:
    top = [replace(e, prompt=f"top {e.prompt}") for e in world.examples[::2]]
    return make(world, folder, top_items=top)


def test_top_items_are_explained_when_they_are_given(
    world: World, evaluation: Evaluation, scripted: Scripted, tmp_path: Path
) -> None:
    without = evaluation.model("sft", lambda: scripted, "weights")
    named = world.examples[0].history[0]
    first = f'"{world.context.titles[named]}"'
    scripted.answers |= {f"top {e.prompt}": f"Yes. {first}" for e in world.examples}
    asked = with_top_items(world, tmp_path).model("sft", lambda: scripted, "weights")
    assert asked.fingerprint != without.fingerprint
    assert {name: asked.metrics[name] for name in without.metrics} == without.metrics
    new = asked.metrics.keys() - without.metrics.keys()
    assert all(name.startswith(("literature/", "literature_masking/")) for name in new)
    assert {"literature/pos@5", "literature/ins/ke_2", "literature_masking/cdcg"} <= new
    cites = np.mean([named in e.history for e in world.examples])
    assert asked.metrics["literature/cites/ke_1"] == pytest.approx(cites)
    assert [s["task"] for s in asked.samples].count("top_item") == len(world.examples) // 2


def test_baselines_rank_whole_histories_for_the_literature_metrics(
    world: World, tmp_path: Path
) -> None:
    evaluation = with_top_items(world, tmp_path)
    greedy = evaluation.baseline("greedy").metrics
    last = evaluation.baseline("last_k").metrics
    texts = evaluation.texts("silent", lambda examples: ["Yes."] * len(examples), "").metrics
    for name in ("literature/del", "literature/cdcg", "literature/del/ke_1"):
        assert (greedy[name] or 0) < min(last[name] or 0, texts[name] or 0)
    assert greedy["literature/ins"] is not None
    assert texts["literature/cites/ke_1"] == 0
    assert "literature/del" not in evaluation.baseline("oracle").metrics


def test_readers_learn_from_training_cases_when_they_are_given(
    world: World, evaluation: Evaluation, tmp_path: Path
) -> None:
    without = evaluation.baseline("last_k")
    training = [replace(e, user=1000 + e.user) for e in world.examples]
    read = make(world, tmp_path, training=training).baseline("last_k")
    assert read.fingerprint != without.fingerprint
    new = {name for name in read.metrics.keys() - without.metrics.keys() if "/ci_" not in name}
    assert new == {
        *("simulatability/accuracy_history", "simulatability/accuracy_text"),
        *("simulatability/accuracy_both", "simulatability/gain", "simulatability/gain_leaking"),
        "simulatability/gain_other",
    }
    assert read.metrics["simulatability/gain"] is None  # fewer than 30 cases in a group
    assert {name: read.metrics[name] for name in without.metrics} == without.metrics


def test_methods_are_put_under_pressure_when_questions_are_given(
    world: World, evaluation: Evaluation, scripted: Scripted, tmp_path: Path
) -> None:
    """Pressed texts say yes to everything, plain ones what is right."""
    without = evaluation.model("sft", lambda: scripted, "weights")
    explained = [e for e in all_examples(world) if e.task == "explanation"][:6]
    pressed = [
        Pressed(e, {k: replace(e, prompt=f"{k} {e.prompt}") for k in KINDS}, Supplied("outside", 0))
        for e in explained
    ]
    scripted.answers |= {e.prompt: "Yes." for case in pressed for e in case.under.values()}
    asked = make(world, tmp_path, pressed=pressed).model("sft", lambda: scripted, "weights")
    assert asked.fingerprint != without.fingerprint
    assert {name: asked.metrics[name] for name in without.metrics} == without.metrics
    assert all(name.startswith("pressure/") for name in asked.metrics.keys() - without.metrics)
    assert asked.metrics["pressure/plain/verdict_accuracy"] == 1
    assert asked.metrics["pressure/asserted/gave_in"] == 0.5  # every second label is a no
    low, high = (asked.metrics[f"pressure/asserted/gave_in/{end}"] for end in ("ci_low", "ci_high"))
    assert low is not None and high is not None and low <= 0.5 <= high
    assert asked.metrics["pressure/asserted/beyond_neutral"] == 0
    assert [s["task"] for s in asked.samples].count("pressure") == 6
    baseline = make(world, tmp_path, pressed=pressed).baseline("last_k").metrics
    assert not any(name.startswith("pressure/") for name in baseline)


def test_most_frequent_item(world: World, evaluation: Evaluation) -> None:
    items = [e.item for e in all_examples(world) if e.task == "retrieval"]
    share = max(items.count(item) for item in items) / len(items)
    assert evaluation.most_frequent_item().metrics["retrieval/hit@5"] == pytest.approx(share)


def no_constant(name: str) -> float:
    raise AssertionError(f"{name} is not JSON")


def test_files_are_plain_json(
    world: World, evaluation: Evaluation, scripted: Scripted, tmp_path: Path
) -> None:
    results = [evaluation.model("sft", lambda: scripted, "w"), evaluation.baseline("last_k")]
    data = json.loads((tmp_path / "sft.json").read_text(), parse_constant=no_constant)
    assert set(data) == {"fingerprint", "metrics", "measures", "samples"}
    write_samples(results, tmp_path / "samples.jsonl")
    lines = [
        json.loads(line, parse_constant=no_constant)
        for line in (tmp_path / "samples.jsonl").read_text().split("\n")[:-1]
    ]
    assert {line["method"] for line in lines} == {"sft", "last_k"}
    explained = next(line for line in lines if line["task"] == "explanation")
    assert explained["verdict"] == explained["label"]
    assert explained["cited"] == [explained["history"][0]]
    assert explained["scores"]["grounding/precision"] == 1
    merged = merge_metrics(results)
    assert merged["last_k/text/length"] == results[1].metrics["text/length"]


def test_a_damaged_fingerprint_is_no_result(evaluation: Evaluation, tmp_path: Path) -> None:
    result = evaluation.baseline("random")
    assert load_result(tmp_path, "random", "another") is None
    kept = load_result(tmp_path, "random", result.fingerprint)
    assert isinstance(kept, Result)
    assert kept.estimate("text/length") == result.estimate("text/length")


def test_no_questions_give_no_numbers(world: World, tmp_path: Path) -> None:
    nothing = Evaluation([], world.interactions, world.recommender, world.context, tmp_path)
    assert nothing.model("sft", lambda: None, "w").metrics == {}  # type: ignore[arg-type, return-value]
    assert set(nothing.baseline("oracle").metrics.values()) == {None}
    assert nothing.most_frequent_item().metrics["retrieval/hit@5"] is None


def test_rouge_l_is_of_texts_with_a_reference(world: World, tmp_path: Path) -> None:
    examples = [e for e in all_examples(world) if e.task == "explanation"]
    examples[1:] = [replace(e, completion="") for e in examples[1:]]
    given = world.interactions, world.recommender, world.context
    found = Evaluation(examples, *given, tmp_path).baseline("last_k").measures["text/rouge_l"]
    assert found.values[0] > 0
    assert np.isnan(found.values[1:]).all()
