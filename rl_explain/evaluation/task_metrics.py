"""How well a model has learned the recommender's behaviour (RecExplainer, section 4.2)."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from reward_models.context import RewardContext
from reward_models.ranking import Scheme, ndcg, true_orders
from reward_models.text.citations import CitationFinder, parse_list
from rl_explain.evaluation.cases import Columns
from rl_explain.tasks.examples import Example

K = 5
"""Beams of a retrieval answer, and the cutoff of NDCG."""
MOST_FREQUENT_ITEM = "most_frequent_item"
"""The table row of `most_frequent_item`."""
RANKING_METRICS: dict[str, Scheme] = {
    "ranking/ndcg@5": "linear",
    "ranking/ndcg@5_exponential": "exponential",
    "ranking/ndcg@5_recexplainer": "recexplainer",
}


def retrieval(
    beams: Sequence[Sequence[str]], examples: Sequence[Example], finder: CitationFinder
) -> Columns:
    """`hit@5` and `ndcg@5` of the recommender's top item among five beams, best first.

    A beam counts if it is exactly that title, after case folding and trimming. There is one right
    item, so NDCG is 1 / log2(1 + its place).
    """
    places = [_place(row[:K], e.item, finder) for row, e in zip(beams, examples, strict=True)]
    found = np.array([place is not None for place in places], dtype=float)
    gain = [0.0 if place is None else 1 / np.log2(1 + place) for place in places]
    return {"hit@5": found, "ndcg@5": np.array(gain, dtype=float)}


def _place(beams: Sequence[str], item: int | None, finder: CitationFinder) -> int | None:
    """Place, from 1, of the first beam that names only `item`; `None` without one."""
    matches = (place for place, text in enumerate(beams, 1) if parse_list(text, finder) == [item])
    return next(matches, None)


def most_frequent_item(examples: Sequence[Example]) -> Columns:
    """The `retrieval` scores of always naming the most frequent right item."""
    items = [example.item for example in examples]
    (most_frequent, _), *_ = Counter(items).most_common(1) or [(None, 0)]
    right = np.array([item == most_frequent for item in items], dtype=float)
    return {"hit@5": right, "ndcg@5": right}


def ranking(texts: Sequence[str], examples: Sequence[Example], context: RewardContext) -> Columns:
    """NDCG@5 of each answer's order of its candidates, with three gain schemes."""
    candidates = [example.candidates or () for example in examples]
    truths = true_orders(context, [example.history for example in examples], candidates)
    answers = [parse_list(text, context.finder) for text in texts]
    return {
        name: np.array([ndcg(a, t, scheme, K) for a, t in zip(answers, truths, strict=True)])
        for name, scheme in RANKING_METRICS.items()
    }


def classification(logits: np.ndarray, examples: Sequence[Example]) -> Columns:
    """Whether the label's logit is the higher one; `logits` (N, 2) are those of Yes and No."""
    yes = logits[:, 0] > logits[:, 1]
    truth = np.array([example.label == "yes" for example in examples], dtype=bool)
    return {"classification/accuracy": (yes == truth).astype(float)}


def reconstruction(
    texts: Sequence[str], examples: Sequence[Example], finder: CitationFinder
) -> Columns:
    """History coverage (HCR) of the first `len(h)` titles that each answer lists.

    `history/hcr` is the share of distinct history items among them; a repeated title does not raise
    it. `history/hcr_paper` is the share of places filled by any history item.
    """
    listed = [parse_list(t, finder)[: len(e.history)] for t, e in zip(texts, examples, strict=True)]
    histories = [set(example.history) for example in examples]
    distinct = [len(h & set(named)) / len(h) for named, h in zip(listed, histories, strict=True)]
    filled = [
        sum(item in history for item in named) / len(example.history)
        for named, history, example in zip(listed, histories, examples, strict=True)
    ]
    return {"history/hcr": np.array(distinct), "history/hcr_paper": np.array(filled)}
