"""The judge stages: `judge-train` and `judge-check`."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from reward_models.judge.types import Judge
from rl_explain.config.settings import JudgeConfig
from rl_explain.judge_validation.known_quality import KnownText, known_texts
from rl_explain.judge_validation.measures import validate_judge
from rl_explain.judge_validation.report import summary, validation_report
from rl_explain.pipeline.judges import build_judge
from rl_explain.pipeline.record import provenance, this_command
from rl_explain.pipeline.run import Metrics, Run, read_metrics
from rl_explain.tasks.context import TaskContext
from rl_explain.tasks.explanations import draw_cases
from rl_explain.tasks.prompts import Prompts
from rl_explain.tasks.user_histories import build_user_histories
from rl_explain.templates import markdown_page
from rl_explain.training.learned_judge import train_learned_judge


def judge_check(run: Run, folder: Path) -> Metrics:
    """Validate the configured judge, write `NAME.md` and `NAME.html`, print the figures.

    Metrics are named `NAME/figure`. Metrics of judges validated earlier in this folder are kept.
    """
    config, name = run.config, judge_name(run.config.judge)
    texts = _known_texts(run, "validation", config.judge_check.questions, config.seed)
    with TemporaryDirectory() as fresh:
        afresh = asked_afresh(config.judge, Path(fresh))
        with _judge(run, config.judge) as judge, _judge(run, afresh) as again:
            found = validate_judge(judge, texts, again)
            own = judge.summary() if hasattr(judge, "summary") else {}  # endpoint calls and cost
    made_by = f"## Made by\n\n{provenance(run.folder, config, this_command())}"
    report = f"{validation_report(name, found, own)}\n\n{made_by}\n"
    (folder / f"{name}.md").write_text(report, encoding="utf-8")
    page = markdown_page(f"Judge validation: {name}", report)
    (folder / f"{name}.html").write_text(page, encoding="utf-8")
    print(f"{summary(name, found)}\n\nFull report with texts: {folder / name}.md and .html")
    figures = found.metrics() | {f"own/{figure}": value for figure, value in own.items()}
    mine = {f"{name}/{figure}": value for figure, value in figures.items()}
    return {**read_metrics(folder), **mine}


def judge_train(run: Run, folder: Path) -> Metrics:
    """Train the learned judge on the teacher judge's preferences, for training users' questions."""
    config, settings = run.config, run.config.training.judge
    with _judge(run, replace(config.judge, kind=settings.teacher, members=())) as teacher:
        texts = _known_texts(run, "train", settings.questions, config.seed)
        by_question = groupby(texts, key=lambda text: text.question)
        return train_learned_judge(
            teacher,
            [[text.case for text in group] for _, group in by_question],
            run.reward_context,
            config.model,
            settings,
            folder,
            config.seed,
            run.device,
        )


def judge_name(judge: JudgeConfig) -> str:
    """The judge's name in files and metrics: its kind, members, model and length handling."""
    parts = [judge.kind, *map(judge_name, judge.members)]
    if judge.kind == "endpoint":
        parts.append(re.sub(r"[^\w.]+", "-", judge.endpoint.model))
    if judge.length != "keep":
        parts.append(judge.length)
    return "-".join(parts)


@contextmanager
def _judge(run: Run, judge: JudgeConfig) -> Iterator[Judge]:
    """The judge as a context manager that closes its connections, if any."""
    built = build_judge(judge, run.reward_context, run.folder)
    try:
        yield built
    finally:
        if hasattr(built, "close"):
            built.close()


def asked_afresh(judge: JudgeConfig, folder: Path) -> JudgeConfig:
    """The same judge with an empty cache in `folder`, which must be empty."""
    members = tuple(asked_afresh(member, folder) for member in judge.members)
    return replace(judge, cache=str(folder / "again.sqlite"), members=members)


def _known_texts(run: Run, split: str, count: int, seed: int) -> Sequence[KnownText]:
    """Explanations of known quality for questions about one split's users."""
    data, catalogue = run.config.data, run.interactions.catalogue
    histories = build_user_histories(
        run.interactions, run.splits, data.max_history, data.max_user_histories, 1, seed
    )
    context = TaskContext(catalogue, histories, run.recommender, Prompts(catalogue))
    cases = draw_cases(context, getattr(histories, split), count, np.random.default_rng(seed))
    return known_texts(catalogue, run.recommender, [case.question for case in cases], seed)
