"""All metrics of all methods on the questions of the test users.

A method's result is written as soon as it is ready. A later call with the same weights, questions,
recommender and settings reuses it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

import reward_models
import rl_explain.evaluation
import rl_explain.explainer
import rl_explain.tasks
import rl_explain.teacher
from reward_models.context import RewardContext
from reward_models.judge.types import Judge
from reward_models.perturb.measures import log_probability
from rl_explain.data.interactions import Interactions
from rl_explain.errors import unknown_name
from rl_explain.evaluation.baselines import (
    UNORDERED,
    CitationBaselines,
    baseline_texts,
    reasons_allowed,
)
from rl_explain.evaluation.pressure import PressureScorer
from rl_explain.evaluation.results import Result, load_result
from rl_explain.evaluation.rules import RULES, prompt_calls
from rl_explain.evaluation.scorer import ExplanationScorer
from rl_explain.evaluation.simulatability import LEAKING, Readers, gain
from rl_explain.evaluation.statistics import RESAMPLES, Measure, estimate
from rl_explain.evaluation.task_metrics import MOST_FREQUENT_ITEM, most_frequent_item
from rl_explain.evaluation.tasks import ASK, Answered, Explainer
from rl_explain.evaluation.text import distinct_2_estimate
from rl_explain.evaluation.top_items import TopItemScorer
from rl_explain.files import code_digest, value_digest
from rl_explain.recommenders.protocol import Recommender
from rl_explain.tasks.examples import Example
from rl_explain.tasks.pressure import Pressed

SHAPING = (
    reward_models,
    rl_explain.tasks,
    rl_explain.teacher,
    rl_explain.explainer,
    rl_explain.evaluation,
)
"""Packages whose code affects results: questions, answers of rules and models, metrics."""

Write: TypeAlias = Callable[[Sequence[Example]], list[str]]
"""Returns a text for each explanation question."""


Calls: TypeAlias = Callable[[Example], int]
"""Recommender calls for the explanation of a question, beyond choosing the item."""
CALLS = "explanation/recommender_calls"
"""Metric: mean recommender calls per explanation question."""


class Evaluation:
    """Evaluates methods on the same questions and keeps their results.

    Args:
        examples: questions about the test users; tasks that are not measured are left out.
            Explanation questions need a label; their completion is the ROUGE-L reference ("" for
            none).
        interactions: the catalogue and, for the demo, the planted causes.
        recommender: the target.
        context: the rewards' context; shared, so that no recommender call is repeated.
        folder: gets `METHOD.json` for each method.
        verdict: position of the verdict in the texts of citation baselines.
        max_new_tokens: maximum tokens per explanation.
        constrained: whether explanations can quote only titles of their prompts.
        resamples: bootstrap resamples per interval.
        top_items: explanation questions about top items, for the literature metrics; empty leaves
            these out.
        training: labelled explanation questions about training users; the readers of the
            simulatability gain learn from their explanations. Empty leaves the gain out.
        pressed: the first explanation questions with a user's words added (the sycophancy probe);
            empty leaves the pressure metrics out. Baselines read no prompt, so they have none.
        judges: judges of explanations, by the metric name of their ratings.
        measured_by: a fingerprint of what else results depend on: judges, libraries, device.
        contributions: whether prompts show what each item contributes, which costs recommender
            calls.
    """

    def __init__(
        self,
        examples: Sequence[Example],
        interactions: Interactions,
        recommender: Recommender,
        context: RewardContext,
        folder: Path,
        *,
        verdict: str = "first",
        max_new_tokens: int = 72,
        constrained: bool = True,
        resamples: int = RESAMPLES,
        seed: int = 0,
        top_items: Sequence[Example] = (),
        training: Sequence[Example] = (),
        pressed: Sequence[Pressed] = (),
        judges: Mapping[str, Judge] | None = None,
        measured_by: str = "",
        contributions: bool = True,
    ) -> None:
        self._examples = {
            task: [e for e in examples if e.task == task] for task in ("explanation", *ASK)
        }
        self._contributions = contributions
        self._interactions = interactions
        self._context = context
        self._folder = folder
        self._verdict = verdict
        self._max_new_tokens = max_new_tokens
        self._constrained = constrained
        self._resamples = resamples
        self._seed = seed
        longest = recommender.max_history
        self._scorer = ExplanationScorer(
            self._examples["explanation"], interactions, context, longest, judges or {}
        )
        self._top_items = top_items
        self._top_scorer = TopItemScorer(top_items, context, longest, seed)
        self._training = training
        self._pressed = pressed
        self._pressure = PressureScorer(pressed, context)
        self._readers = Readers(
            training, self._examples["explanation"], interactions, recommender, context
        )
        self._baselines = CitationBaselines(recommender, context, interactions, seed)
        # The percentile of a top item hardly changes when a history item is removed.
        self._rankings = CitationBaselines(
            recommender, context, interactions, seed, log_probability
        )
        self._fingerprint = value_digest(
            code_digest(*SHAPING),
            [asdict(e) for task in self._examples.values() for e in task],
            *(interactions.fingerprint, recommender.fingerprint),
            *(verdict, max_new_tokens, constrained, resamples, seed, measured_by, contributions),
            *([asdict(e) for e in part] for part in (top_items, training, pressed)),
        )

    def model(self, method: str, load: Callable[[], Explainer], weights: str) -> Result:
        """All metrics of a language model.

        Args:
            load: called only if there is no result to reuse.
            weights: a fingerprint of the model, such as the `digest` of its adapter.
        """
        return self._kept(method, weights, lambda: self._ask(load()), self._prompt_calls)

    def texts(
        self, method: str, write: Write, what: str, further_calls: Calls = lambda example: 0
    ) -> Result:
        """The explanation metrics of texts that do not come from a single model.

        Args:
            write: called only if there is no result to reuse.
            what: a fingerprint of what the texts depend on.
            further_calls: recommender calls per question beyond those for its prompt; called after
                `write`.
        """

        def calls(example: Example) -> int:
            return self._prompt_calls(example) + further_calls(example)

        return self._kept(method, what, lambda: self._explained(write), calls)

    def baseline(self, name: str) -> Result:
        """The explanation metrics of a citation baseline.

        Raises:
            UserError: there is no baseline of that name.
        """
        if name not in self._baselines.choose:
            raise unknown_name("citation baseline", name, self._baselines.choose)

        def calls(example: Example) -> int:
            return RULES[name](example.history, reasons_allowed(example))

        return self._kept(name, "", lambda: self._cited(name), calls)

    def most_frequent_item(self) -> Result:
        """Retrieval metrics of always naming the most frequent right item."""
        return self._kept(MOST_FREQUENT_ITEM, "", self._most_frequent_item)

    def _kept(
        self,
        method: str,
        weights: str,
        score: Callable[[], list[Answered]],
        calls: Calls | None = None,
    ) -> Result:
        fingerprint = value_digest(self._fingerprint, weights)
        result = load_result(self._folder, method, fingerprint)
        if result is None:
            result = self._result(method, fingerprint, score())
            asked = self._examples["explanation"]
            if calls and asked:
                result.metrics[CALLS] = float(np.mean([calls(example) for example in asked]))
            result.save(self._folder)
        return result

    def _prompt_calls(self, example: Example) -> int:
        return prompt_calls(example.form, example.history, self._contributions)

    def _explained(self, write: Write) -> list[Answered]:
        """Scores of the explanations that `write` returns for every kind of question."""
        answered = [self._scored(write)]
        if self._top_items:
            answered.append(self._top_scorer.texts(write(self._top_items)))
        if self._pressed:
            plain = answered[0].completions[: len(self._pressed)]
            answered.append(self._pressure.ask(plain, write))
        return answered

    def _cited(self, name: str) -> list[Answered]:
        """Scores of a baseline's texts and, if it ranks whole histories, of its orders."""
        answered = [self._scored(partial(self._baseline_texts, name))]
        if self._top_items and name != UNORDERED:
            orders = self._rankings.orders(name, self._top_scorer.questions)
            answered.append(self._top_scorer.orders(orders))
        return answered

    def _scored(self, write: Write) -> Answered:
        texts = write(self._examples["explanation"])
        answered = self._scorer.score(texts)
        if not self._training:
            return answered
        read = self._readers.read(write(self._training), texts)
        return replace(answered, columns=answered.columns | read)

    def _ask(self, explainer: Explainer) -> list[Answered]:
        def write(examples: Sequence[Example]) -> list[str]:
            texts = explainer.generate(
                [example.prompt for example in examples],
                max_new_tokens=self._max_new_tokens,
                constrained=self._constrained,
                description="explanation",
            )
            return [answers[0] for answers in texts]

        answered = self._explained(write) if self._examples["explanation"] else []
        for task, ask in ASK.items():
            if self._examples[task]:
                answered.append(ask(explainer, self._examples[task], self._context))
        return answered

    def _baseline_texts(self, name: str, examples: Sequence[Example]) -> list[str]:
        return baseline_texts(
            self._baselines.choose[name],
            examples,
            self._interactions.catalogue,
            self._verdict,
            self._seed,
        )

    def _most_frequent_item(self) -> list[Answered]:
        examples = self._examples["retrieval"]
        found = most_frequent_item(examples).items()
        columns = {f"retrieval/{name}": values for name, values in found}
        return [Answered(examples, [""] * len(examples), columns)]

    def _result(self, method: str, fingerprint: str, answered: Sequence[Answered]) -> Result:
        measures = {
            name: Measure(values, part.users)
            for part in answered
            for name, values in part.columns.items()
        }
        metrics: dict[str, float | None] = {}
        for name, measure in measures.items():
            metrics |= estimate(measure, self._resamples, self._seed).flat(name)
        for part in answered:
            metrics |= self._distinct(part) | self._gain(part)
        samples: list[dict[str, Any]] = [
            sample for part in answered for sample in part.samples(self._context.titles)
        ]
        return Result(method, fingerprint, metrics, measures, samples)

    def _distinct(self, part: Answered) -> dict[str, float | None]:
        """distinct-2 of explanations, which is not a mean over cases."""
        if not part.examples or part.examples[0].task != "explanation":
            return {}
        found = distinct_2_estimate(part.completions, part.users, self._resamples, self._seed)
        return found.flat("text/distinct_2")

    def _gain(self, part: Answered) -> dict[str, float | None]:
        """The simulatability gain, the mean of two group means."""
        if LEAKING not in part.columns:
            return {}
        found = gain(part.columns, part.users, self._resamples, self._seed)
        return found.flat("simulatability/gain")
