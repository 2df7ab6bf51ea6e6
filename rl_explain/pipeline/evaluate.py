"""The evaluation of a run, and its report."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from reward_models.judge.plausibility import PlausibilityJudge
from rl_explain.config.settings import TINY
from rl_explain.errors import UserError
from rl_explain.evaluation.cases import question
from rl_explain.evaluation.evaluate import Evaluation
from rl_explain.evaluation.judging import PLAUSIBILITY, RATING
from rl_explain.evaluation.results import Result, merge_metrics, write_samples
from rl_explain.explainer.language_model import base_fingerprint
from rl_explain.files import digest, value_digest
from rl_explain.pipeline.judges import build_judge
from rl_explain.pipeline.lineage import finished
from rl_explain.pipeline.prepare import held_out_examples
from rl_explain.pipeline.record import provenance, versions
from rl_explain.pipeline.run import Metrics, Run
from rl_explain.pipeline.sampling import reward_fingerprint, scored_samples
from rl_explain.pipeline.table import STAGES, Kind
from rl_explain.tables.names import named_rows
from rl_explain.tables.summary import markdown_summary, plain_summary
from rl_explain.tasks.context import TaskContext
from rl_explain.tasks.examples import Example, read_examples, relabelled
from rl_explain.tasks.explanations import top_item_examples
from rl_explain.tasks.pressure import Pressed, pressed_examples
from rl_explain.teacher.influence import leave_one_out
from rl_explain.training.samples import best_of_n

TEMPERATURE = 1.0
"""Sampling temperature of best of n."""
INSTALL = "pip install 'rl_explain[evaluation]'"


def evaluate(run: Run, folder: Path) -> Metrics:
    """Measure every available method and baseline, print the tables, write `report.md`."""
    config = run.config
    settings, seed = config.evaluation, config.seed
    examples = held_out_examples(run)
    recommender, context = run.measured_recommender, run.reward_context
    if recommender is not run.recommender:
        examples = relabelled(examples, recommender)
        context = replace(context, recommender=recommender)
    top_items = _top_item_examples(run) if settings.literature_metrics else []
    training = _training_examples(run) if settings.simulatability else []
    pressed = _pressed(run, examples) if settings.pressure else []
    evaluation = Evaluation(
        examples,
        run.interactions,
        recommender,
        context,
        folder,
        verdict=config.tasks.verdict,
        max_new_tokens=settings.max_new_tokens,
        constrained=settings.constrained_decoding,
        resamples=settings.bootstrap,
        seed=seed,
        top_items=top_items,
        training=training,
        pressed=pressed,
        judges={
            RATING: build_judge(config.judge, context, run.folder),
            PLAUSIBILITY: PlausibilityJudge(context.titles, context.attributes),
        },
        measured_by=_measured_by(run),
        contributions=config.tasks.contributions,
    )
    results = {}
    for method in settings.methods:
        row = STAGES[method]
        stage = method if row.function else row.reads[0]
        if not finished(run.folder, stage):
            print(f"[evaluate] skipping {method}: this run has no {stage}", flush=True)
        elif row.kind is Kind.AT_USE:
            results[method] = _best_of_n(run, evaluation)
        else:
            load = partial(run.explainer, method)
            results[method] = evaluation.model(method, load, _weights(run, method))
    for name in settings.baselines:
        if name == "shap" and find_spec("shap") is None:
            print(f"[evaluate] skipping shap, which is not installed: {INSTALL}", flush=True)
        elif name == "contribution_dot" and not config.tasks.contributions:
            print("[evaluate] skipping contribution_dot: tasks.contributions is off", flush=True)
        else:
            results[name] = evaluation.baseline(name)
    if config.tasks.counts.get("retrieval"):
        results["most_frequent_item"] = evaluation.most_frequent_item()
    write_samples(results.values(), folder / "samples.jsonl")
    report = run.folder / "report.md"
    rows = named_rows(results, config.model.name == TINY)
    summary = markdown_summary(rows, settings.bootstrap, seed)
    made = provenance(run.folder, run.config)
    report.write_text(f"{summary}\n## Made by\n\n{made}\n", encoding="utf-8")
    print(plain_summary(rows, settings.bootstrap, seed))
    print(f"The same as Markdown: {report}")
    return merge_metrics(results.values())


def _measured_by(run: Run) -> str:
    """A digest of what evaluation results depend on: the judge, library versions, the device."""
    trained = run.stage_folder("judge-train")
    weights = digest(trained) if trained.exists() else ""
    return value_digest(asdict(run.config.judge), weights, versions(), run.device)


def _top_item_examples(run: Run) -> list[Example]:
    """Questions about the measured recommender's top item for test histories."""
    config, histories = run.config, run.user_histories
    context = TaskContext(
        run.interactions.catalogue, histories, run.measured_recommender, run.prompts
    )
    rng = np.random.default_rng(config.seed)
    most, form = config.evaluation.top_item, config.tasks.form
    return top_item_examples(context, histories.test, most, form, rng)


def _training_examples(run: Run) -> list[Example]:
    """Explanation questions about training users, labelled by the measured recommender.

    Raises:
        UserError: scikit-learn is not installed; the simulatability metric needs it.
    """
    wanted = run.config.evaluation.simulatability
    if find_spec("sklearn") is None:
        raise UserError(f"evaluation.simulatability={wanted} needs scikit-learn: {INSTALL}.")
    examples = read_examples(run.stage_folder("tasks") / "rl.jsonl")
    explained = [example for example in examples if example.task == "explanation"]
    return relabelled(explained[:wanted], run.measured_recommender)


def _pressed(run: Run, examples: Sequence[Example]) -> list[Pressed]:
    """Questions of the sycophancy probe: the first explanation questions plus a user's remark."""
    config, recommender = run.config, run.measured_recommender
    explained = [example for example in examples if example.task == "explanation"]
    asked = explained[: config.evaluation.pressure]
    influences = leave_one_out(recommender, [question(example) for example in asked])
    claims, rng = run.reward_context.claims, np.random.default_rng(config.seed)
    return pressed_examples(asked, run.prompts, influences, claims, recommender.num_items, rng)


def _weights(run: Run, method: str) -> str:
    if method == "base":
        return base_fingerprint(run.base()[0])
    return digest(run.stage_folder(method) / "adapter")


def _best_of_n(run: Run, evaluation: Evaluation) -> Result:
    settings = run.config.evaluation
    cited_sets: dict[str, int] = {}
    """By prompt: the number of distinct item sets that its samples cite. The reward queries the
    recommender once for each."""

    def write(examples: Sequence[Example]) -> list[str]:
        samples, result = scored_samples(
            run,
            run.stage_folder("evaluate"),
            examples,
            settings.best_of_n,
            temperature=TEMPERATURE,
            description="best_of_n",
            constrained=settings.constrained_decoding,
        )
        for i, example in enumerate(examples):
            texts = samples.completions[i * settings.best_of_n : (i + 1) * settings.best_of_n]
            cited = {run.reward_context.read(text).cited(example.history) for text in texts}
            cited_sets[example.prompt] = len(cited - {()})
        return best_of_n(samples.completions, result.total, settings.best_of_n)

    adapter = run.stage_folder("sft") / "adapter"
    sampled = (digest(adapter), settings.best_of_n, TEMPERATURE)
    depends = reward_fingerprint(run, *sampled)
    return evaluation.texts("best_of_n", write, depends, lambda e: cited_sets[e.prompt])
