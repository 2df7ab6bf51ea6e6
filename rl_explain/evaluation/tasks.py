"""Asks a model the questions of each task and scores its answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from reward_models.context import RewardContext
from rl_explain.evaluation import task_metrics
from rl_explain.evaluation.cases import Columns
from rl_explain.evaluation.constrained_retrieval import TitleTrie
from rl_explain.tasks.examples import Example


class Explainer(Protocol):
    """The model interface of the evaluation; `rl_explain.explainer.explainer` implements it."""

    tokenizer: PreTrainedTokenizerBase

    def generate(self, prompts: Sequence[str], **options: Any) -> Sequence[Sequence[str]]:
        """Answers to plain prompts, a list per prompt; options as in `generation.generate`."""
        ...

    def answer_logits(self, prompts: Sequence[str], answers: Sequence[str]) -> Tensor:
        """Logits of each answer's first token: (prompts, answers)."""
        ...


@dataclass(frozen=True)
class Answered:
    """The questions of one task, a model's answers, and their scores.

    `notes` has further fields of each sample, by name; `in_samples` names the metrics that samples
    show, all if `None`.
    """

    examples: Sequence[Example]
    completions: Sequence[str]
    columns: Columns
    notes: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    in_samples: Sequence[str] | None = None

    @property
    def users(self) -> np.ndarray:
        """The user of each question: (N,) int."""
        return np.array([example.user for example in self.examples], dtype=int)

    def samples(self, titles: Sequence[str]) -> list[dict[str, Any]]:
        """One mapping per question: the question, the answer and every score."""
        return [self._sample(case, titles) for case in range(len(self.examples))]

    def _sample(self, case: int, titles: Sequence[str]) -> dict[str, Any]:
        example = self.examples[case]
        shown = self.columns if self.in_samples is None else self.in_samples
        scores = {name: float(self.columns[name][case]) for name in shown}
        return {
            "task": example.task,
            "case": case,
            "user": example.user,
            "prompt": example.prompt,
            "completion": self.completions[case],
            "item": None if example.item is None else titles[example.item],
            "label": example.label,
            "history": [titles[row] for row in example.history],
            **{name: values[case] for name, values in self.notes.items()},
            "scores": {name: None if np.isnan(value) else value for name, value in scores.items()},
        }


def ask_retrieval(
    explainer: Explainer, examples: Sequence[Example], context: RewardContext
) -> Answered:
    """Five free beams, and five beams constrained to the catalogue's titles."""
    trie = TitleTrie(explainer.tokenizer, context.titles)
    beams = {
        "retrieval": _beams(explainer, examples, trie.depth),
        "retrieval_constrained": _beams(explainer, examples, trie.depth, allowed_tokens=trie),
    }
    columns = {
        f"{group}/{name}": values
        for group, found in beams.items()
        for name, values in task_metrics.retrieval(found, examples, context.finder).items()
    }
    notes = {"beams": beams["retrieval"], "beams_constrained": beams["retrieval_constrained"]}
    return Answered(examples, [row[0] for row in beams["retrieval"]], columns, notes)


def _beams(
    explainer: Explainer, examples: Sequence[Example], max_new_tokens: int, **options: Any
) -> Sequence[Sequence[str]]:
    return explainer.generate(
        [example.prompt for example in examples],
        max_new_tokens=max_new_tokens,
        num_beams=task_metrics.K,
        num_return_sequences=task_metrics.K,
        description="retrieval",
        **options,
    )


def ask_ranking(
    explainer: Explainer, examples: Sequence[Example], context: RewardContext
) -> Answered:
    """Greedy answers that order the candidates."""
    texts = _greedy(explainer, examples, "ranking")
    return Answered(examples, texts, task_metrics.ranking(texts, examples, context))


def ask_classification(
    explainer: Explainer, examples: Sequence[Example], context: RewardContext
) -> Answered:
    """The logits of Yes and No at the answer; nothing is generated."""
    prompts = [example.prompt for example in examples]
    logits = explainer.answer_logits(prompts, ["Yes", "No"]).numpy()
    texts = ["Yes" if yes > no else "No" for yes, no in logits]
    return Answered(examples, texts, task_metrics.classification(logits, examples))


def ask_reconstruction(
    explainer: Explainer, examples: Sequence[Example], context: RewardContext
) -> Answered:
    """Greedy answers that list the history's titles."""
    texts = _greedy(explainer, examples, "reconstruction")
    return Answered(examples, texts, task_metrics.reconstruction(texts, examples, context.finder))


def _greedy(explainer: Explainer, examples: Sequence[Example], description: str) -> list[str]:
    """One answer per question; the token limit is slightly above the longest right answer."""
    encode = explainer.tokenizer.encode
    longest = max(len(encode(e.completion, add_special_tokens=False)) for e in examples)
    answers = explainer.generate(
        [example.prompt for example in examples],
        max_new_tokens=longest + longest // 8 + 2,
        description=description,
    )
    return [texts[0] for texts in answers]


ASK = {
    "retrieval": ask_retrieval,
    "ranking": ask_ranking,
    "classification": ask_classification,
    "reconstruction": ask_reconstruction,
}
"""Function that asks and scores a model, for each measured task."""
