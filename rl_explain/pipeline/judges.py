"""Builds the configured judge."""

from pathlib import Path

from reward_models.context import RewardContext
from reward_models.judge.ensemble import Ensemble
from reward_models.judge.length_residual import LengthEffect, LengthResidual
from reward_models.judge.types import Judge
from rl_explain.config.settings import JudgeConfig
from rl_explain.errors import UserError

CACHE = "judge.sqlite"


def build_judge(config: JudgeConfig, context: RewardContext, folder: Path) -> Judge:
    """Build the judge for a context's catalogue.

    Args:
        folder: the run's folder. It stores an endpoint's answers unless `judge.cache` is set.

    Raises:
        UserError: the API key is not set in the environment, or `judge.cache` is not a cache file.
    """
    judge = _plain(config, context, folder)
    if config.length == "keep":
        return judge
    fitted = LengthEffect(config.length_slope, config.length_centre)
    return LengthResidual(judge, fitted if config.length == "fitted" else None)


def _plain(config: JudgeConfig, context: RewardContext, folder: Path) -> Judge:
    if config.kind == "ensemble":
        judges = [build_judge(member, context, folder) for member in config.members]
        return Ensemble(judges, config.combine)
    if config.kind == "endpoint":
        return _endpoint(config, context, folder)
    if config.kind == "learned":
        from rl_explain.training.reward_model import LearnedJudge

        return LearnedJudge.load(folder / "judge-train", context)
    if config.kind == "plausibility":
        from reward_models.judge.plausibility import PlausibilityJudge

        return PlausibilityJudge(context.titles, context.attributes)
    from reward_models.judge.rubric import RubricJudge

    return RubricJudge(context)


def _endpoint(config: JudgeConfig, context: RewardContext, folder: Path) -> Judge:
    # Imported here because importing openai takes a second.
    from reward_models.judge.endpoint.judge import EndpointJudge

    try:
        return EndpointJudge(
            config.endpoint,
            context.titles,
            context.attributes,
            config.cache or folder / CACHE,
            retry=config.retry,
            budget=config.budget,
            breaker=config.breaker,
        )
    except ValueError as error:
        raise UserError(f"judge.{error}") from None
