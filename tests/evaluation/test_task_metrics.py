"""Task metrics by hand, and NDCG against scikit-learn."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import ndcg_score
from small_world import World

from rl_explain.evaluation import task_metrics
from rl_explain.tasks.examples import Example


def asked(task: str, **fields: object) -> Example:
    return replace(Example(task, "hybrid", "", ""), **fields)  # type: ignore[arg-type]


def test_retrieval_by_hand(world: World) -> None:
    titles = world.context.titles
    beams = [
        [f'"{titles[3]}"', "x", "y", "z", "w"],
        ["x", f" {titles[3].upper()} ", f'"{titles[3]}"', "z", "w"],
        ["a", "b", "c", "d", "e", f'"{titles[3]}"'],
        [f'"{titles[3]}"; "{titles[4]}"', f"It is {titles[3]}", "", "", ""],
    ]
    found = task_metrics.retrieval(beams, [asked("retrieval", item=3)] * 4, world.context.finder)
    assert found["hit@5"].tolist() == [1, 1, 0, 0]
    assert found["ndcg@5"] == pytest.approx([1, 1 / np.log2(3), 0, 0])


def test_most_frequent_item_is_right_where_it_is_the_answer() -> None:
    examples = [asked("retrieval", item=item) for item in (1, 2, 2, 3)]
    assert task_metrics.most_frequent_item(examples)["hit@5"].tolist() == [0, 1, 1, 0]
    assert task_metrics.most_frequent_item([])["hit@5"].tolist() == []


def test_ranking_against_scikit_learn(world: World) -> None:
    rng = np.random.default_rng(3)
    examples, texts, expected = [], [], []
    for e in world.examples:
        others = [i for i in range(24) if i not in e.history]
        shown = rng.choice(others, 5, replace=False).tolist()
        scores = world.recommender.score([e.history])[0][shown]
        answer = rng.permutation(shown).tolist()
        gain = scores.argsort().argsort()  # 4 for the best of five, 0 for the worst
        place = [-answer.index(item) for item in shown]
        expected.append(ndcg_score([gain], [place]))
        examples.append(asked("ranking", history=e.history, candidates=tuple(shown)))
        texts.append("; ".join(f'"{world.context.titles[item]}"' for item in answer))
    found = task_metrics.ranking(texts, examples, world.context)
    assert found["ranking/ndcg@5"] == pytest.approx(expected)
    assert found["ranking/ndcg@5_recexplainer"].std() > found["ranking/ndcg@5"].std()


def test_ranking_of_nothing_gains_nothing(world: World) -> None:
    example = asked("ranking", history=(0, 1, 2), candidates=(5, 6, 7, 8, 9))
    found = task_metrics.ranking(['"No Such Title"'], [example], world.context)
    assert [values.tolist() for values in found.values()] == [[0], [0], [0]]


def test_classification_compares_two_logits() -> None:
    logits = np.array([[2.0, 1.0], [2.0, 1.0], [-3.0, -1.0], [0.0, 5.0]])
    examples = [asked("classification", label=label) for label in ("yes", "no", "no", "yes")]
    found = task_metrics.classification(logits, examples)
    assert found["classification/accuracy"].tolist() == [1, 0, 1, 0]


def test_coverage_of_a_repeated_title(world: World) -> None:
    """One true title said four times covers a quarter; the paper's count takes it for all."""
    titles = world.context.titles
    example = asked("reconstruction", history=(0, 1, 2, 3))
    texts = [
        "; ".join([f'"{titles[1]}"'] * 4),
        "; ".join(f'"{titles[i]}"' for i in (9, 8, 7, 6, 0, 1, 2, 3)),
        f'"{titles[3]}"; "Nothing"; "{titles[0]}"',
    ]
    found = task_metrics.reconstruction(texts, [example] * 3, world.context.finder)
    assert found["history/hcr"].tolist() == [0.25, 0, 0.5]
    assert found["history/hcr_paper"].tolist() == [1, 0, 0.5]


def test_coverage_counts_distinct_history_items(world: World) -> None:
    titles = world.context.titles
    example = asked("reconstruction", history=(0, 0, 1))
    text = f'"{titles[0]}"; "{titles[1]}"'
    found = task_metrics.reconstruction([text], [example], world.context.finder)
    assert found["history/hcr"].tolist() == [1]
    assert found["history/hcr_paper"].tolist() == pytest.approx([2 / 3])
