"""Distils a judge's preferences into a reward model, by TRL's RewardTrainer."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from datasets import Dataset
from transformers import set_seed
from trl import RewardConfig, RewardTrainer

from reward_models.context import RewardContext
from reward_models.judge.types import Judge, JudgeCase
from reward_models.types import Failed
from rl_explain.config.settings import ModelConfig
from rl_explain.errors import UserError
from rl_explain.training.arguments import preference_arguments
from rl_explain.training.fit import fit
from rl_explain.training.learned_judge_settings import RewardModelSettings
from rl_explain.training.logs import LOG_FILE, JsonLinesLog
from rl_explain.training.reward_model import LearnedJudge, RewardModel, Scale
from rl_explain.training.trl_compat import one_device

Pair = tuple[JudgeCase, JudgeCase]
"""The preferred explanation of a question, then the other one."""
HELD_OUT = 0.2
"""Share of the questions, the last ones, that are held out to measure accuracy."""


def train_learned_judge(
    teacher: Judge,
    questions: Sequence[Sequence[JudgeCase]],
    context: RewardContext,
    model_config: ModelConfig,
    settings: RewardModelSettings,
    folder: Path,
    seed: int,
    device: str = "cpu",
) -> dict[str, float]:
    """Train on the teacher's preferences between texts of one question; resume if interrupted.

    `questions` holds the texts of each question, one list a question. The rating scale is fitted on
    the texts of the training questions.

    Writes `adapter/`, `judge.json` and `log.jsonl`. The metric `held_out_accuracy` is the share of
    the teacher's preferences on held-out questions that the scores agree with.

    Raises:
        UserError: the teacher gave no preference on the training questions, or none on the
            held-out ones.
    """
    cut = round((1 - HELD_OUT) * len(questions))
    train, held_out = (
        preferred_pairs(teacher, part, settings.pairs, seed)
        for part in (questions[:cut], questions[cut:])
    )
    if not train or not held_out:
        raise UserError(
            f"training.judge.teacher={settings.teacher} gave {len(train)} training preferences and "
            f"{len(held_out)} held-out ones: raise training.judge.questions."
        )
    set_seed(seed)
    reward_model = RewardModel.untrained(model_config, context)
    result = _fit(reward_model, train, settings, folder, seed, device)
    rated = [case for texts in questions[:cut] for case in texts]
    scale = _scale(reward_model, teacher, rated, settings.tie)
    LearnedJudge(reward_model, scale).save(folder, model_config, settings.teacher)
    gaps = np.subtract(*(reward_model.scores(side) for side in zip(*held_out, strict=True)))
    return {
        **result,
        "pairs": len(train),
        "held_out_pairs": len(held_out),
        "held_out_accuracy": float((gaps > 0).mean()),
    }


def preferred_pairs(
    teacher: Judge, questions: Sequence[Sequence[JudgeCase]], each: int, seed: int
) -> list[Pair]:
    """Draw `each` pairs of texts per question; return them with the preferred text first.

    Ties and pairs without an answer are left out.
    """
    rng = np.random.default_rng(seed)
    drawn = [
        (texts[first], texts[second])
        for texts in questions
        for first, second in (rng.choice(len(texts), 2, replace=False) for _ in range(each))
    ]
    preferences = teacher.prefer(drawn)
    return [
        pair if preference == "first" else pair[::-1]
        for pair, preference in zip(drawn, preferences, strict=True)
        if preference in ("first", "second")
    ]


def _fit(
    reward_model: RewardModel,
    pairs: Sequence[Pair],
    settings: RewardModelSettings,
    folder: Path,
    seed: int,
    device: str,
) -> dict[str, float]:
    arguments = RewardConfig(
        **preference_arguments(settings, len(pairs), folder, seed, device),
        max_length=None,
        disable_dropout=True,
    )
    rows = [
        {"chosen_ids": reward_model.encode(chosen), "rejected_ids": reward_model.encode(rejected)}
        for chosen, rejected in pairs
    ]
    trainer = RewardTrainer(
        model=reward_model.model,
        args=one_device(arguments),
        train_dataset=Dataset.from_list(rows),
        processing_class=reward_model.tokenizer,
        callbacks=[JsonLinesLog(folder / LOG_FILE)],
    )
    result = fit(trainer, folder)
    return {"train_loss": result.training_loss, "steps": result.global_step}


def _scale(
    reward_model: RewardModel, teacher: Judge, cases: Sequence[JudgeCase], tie: float
) -> Scale:
    """The scale, fitted on the texts that the teacher rates.

    Raises:
        UserError: the teacher rates no text.
    """
    rated = zip(cases, teacher.rate(cases), strict=True)
    known = [(case, rating) for case, rating in rated if not isinstance(rating, Failed)]
    if not known:
        raise UserError("the learned judge's teacher rated no text: see its errors.")
    scores = reward_model.scores([case for case, _ in known])
    return Scale.fit(scores, np.array([rating for _, rating in known]), tie)
