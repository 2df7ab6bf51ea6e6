"""The stage table: one row for each stage and method of a run.

Stages, methods, lineage, settings, estimates, costs and the model card are derived from it. A new
method needs a trainer, settings and one row here; other packages add `STAGES[name] = Stage(...)`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pkgutil import resolve_name
from typing import Any

from rl_explain.training.groups_settings import GRPOSettings, RLOOSettings
from rl_explain.training.learned_judge_settings import RewardModelSettings
from rl_explain.training.pairs_settings import PairsSettings
from rl_explain.training.ppo.settings import PPOSettings
from rl_explain.training.preference_settings import DPOSettings, ORPOSettings
from rl_explain.training.sft_settings import RejectionSettings, SFTSettings


class Kind(Enum):
    """What a row does. Time estimates, costs and the place in tables depend on it."""

    DATA = "data"
    """Prepares inputs of other stages; trains no language model."""
    UNTRAINED = "untrained"
    """A model that is evaluated without training."""
    AT_USE = "at use"
    """A method that samples and selects at inference time."""
    SUPERVISED = "supervised"
    """Trains on texts."""
    SAMPLES = "samples"
    """Samples the SFT model for other methods to train on."""
    ONLINE = "online"
    """Samples, scores and updates in each iteration."""
    PAIRED = "paired"
    """Trains on preference pairs."""
    EVALUATION = "evaluation"
    JUDGE = "judge"
    JUDGE_CHECK = "judge check"


TRAINED = (Kind.ONLINE, Kind.PAIRED, Kind.SUPERVISED)
"""Kinds that train an adapter; `explain` and `export` prefer them in this order."""


@dataclass(frozen=True)
class Stage:
    """A row of the table.

    name: the stage's name, folder and command; for a method also its name in tables and settings.
    kind: what it does.
    reads: the rows that it reads. They run first; a change in their output invalidates this row.
    shaped_by: dotted configuration keys that affect it, besides those of the rows that it reads.
    function: `function(run, folder)`, which performs the stage and returns flat metrics; or
        "module:function", so that the table imports no trainer. `None` if it is only evaluated.
    settings: class of its group of settings in `training`.
    group: name of that group, if not the row's own name.
    title: description of the method, with its source.
    default: whether a run without `stages` performs it.
    """

    name: str
    kind: Kind
    reads: tuple[str, ...] = ()
    shaped_by: tuple[str, ...] = ()
    function: str | Callable[..., Any] | None = None
    settings: type | None = None
    group: str = ""
    title: str = ""
    default: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "group", self.group or self.name)

    @property
    def is_method(self) -> bool:
        """Whether it is a row in result tables."""
        return self.kind in (*TRAINED, Kind.UNTRAINED, Kind.AT_USE)

    @property
    def is_repeated(self) -> bool:
        """Whether it runs every time, since methods or the judge may have changed.

        Repeated stages separate results with different inputs themselves.
        """
        return self.kind in (Kind.EVALUATION, Kind.JUDGE_CHECK)

    def perform(self, run: Any, folder: Any) -> Any:
        """Call the stage's function; return its metrics.

        Raises:
            ValueError: the row has no function.
        """
        if self.function is None:
            raise ValueError(f"{self.name} has no function: it is evaluated without training.")
        function = self.function
        return (resolve_name(function) if isinstance(function, str) else function)(run, folder)


_PREPARE, _TRAIN = "rl_explain.pipeline.prepare", "rl_explain.pipeline.train"
_JUDGES = "rl_explain.pipeline.judge_stages"
_SFT = ("model", "training.sft", "evaluation.max_new_tokens")

_ROWS = (
    Stage(
        "prepare",
        Kind.DATA,
        shaped_by=("seed", "data"),
        function=f"{_PREPARE}:prepare",
        default=True,
    ),
    Stage(
        "recommender",
        Kind.DATA,
        reads=("prepare",),
        shaped_by=("recommender",),
        function=f"{_PREPARE}:recommender",
        default=True,
    ),
    Stage(
        "tasks",
        Kind.DATA,
        reads=("prepare", "recommender"),
        shaped_by=("tasks", "teacher", "training.rl"),
        function=f"{_PREPARE}:tasks",
        default=True,
    ),
    Stage("base", Kind.UNTRAINED, reads=("tasks",), title="the base model, before any training"),
    Stage(
        "sft",
        Kind.SUPERVISED,
        reads=("tasks",),
        shaped_by=_SFT,
        function=f"{_TRAIN}:sft",
        settings=SFTSettings,
        title="supervised fine-tuning on the texts of a template teacher",
        default=True,
    ),
    Stage(
        "sft_clean",
        Kind.SUPERVISED,
        reads=("tasks",),
        shaped_by=_SFT,
        function=f"{_TRAIN}:sft",
        group="sft",
        title="supervised fine-tuning on the texts of the clean teacher (no corrupted texts)",
    ),
    Stage(
        "best_of_n",
        Kind.AT_USE,
        reads=("sft",),
        title="the sample of the SFT model with the highest reward, chosen at inference time",
    ),
    Stage(
        "pairs",
        Kind.SAMPLES,
        reads=("tasks", "sft"),
        shaped_by=("rewards", "training.pairs"),
        function=f"{_TRAIN}:pairs",
        settings=PairsSettings,
        default=True,
    ),
    Stage(
        "rejection",
        Kind.SUPERVISED,
        reads=("pairs", "sft"),
        shaped_by=("training.rejection",),
        function=f"{_TRAIN}:rejection",
        settings=RejectionSettings,
        title="supervised fine-tuning on the best of several samples of the SFT model",
    ),
    Stage(
        "ppo",
        Kind.ONLINE,
        reads=("tasks", "sft"),
        shaped_by=("rewards", "training.ppo"),
        function=f"{_TRAIN}:ppo",
        settings=PPOSettings,
        title="PPO (Schulman et al. 2017) from the SFT model",
        default=True,
    ),
    Stage(
        "grpo",
        Kind.ONLINE,
        reads=("tasks", "sft"),
        shaped_by=("rewards", "training.grpo"),
        function=f"{_TRAIN}:grpo",
        settings=GRPOSettings,
        title="GRPO (Shao et al. 2024) from the SFT model",
    ),
    Stage(
        "rloo",
        Kind.ONLINE,
        reads=("tasks", "sft"),
        shaped_by=("rewards", "training.rloo"),
        function=f"{_TRAIN}:rloo",
        settings=RLOOSettings,
        title="RLOO (Ahmadian et al. 2024) from the SFT model",
    ),
    Stage(
        "orpo",
        Kind.PAIRED,
        reads=("pairs", "sft"),
        shaped_by=("training.orpo",),
        function=f"{_TRAIN}:orpo",
        settings=ORPOSettings,
        title="ORPO (Hong et al. 2024) from the SFT model",
        default=True,
    ),
    Stage(
        "dpo",
        Kind.PAIRED,
        reads=("pairs", "sft"),
        shaped_by=("training.dpo",),
        function=f"{_TRAIN}:dpo",
        settings=DPOSettings,
        title="DPO (Rafailov et al. 2023) from the SFT model",
    ),
    Stage(
        "evaluate",
        Kind.EVALUATION,
        reads=("tasks",),
        function="rl_explain.pipeline.evaluate:evaluate",
        default=True,
    ),
    Stage(
        "judge-train",
        Kind.JUDGE,
        reads=("prepare", "recommender"),
        shaped_by=("model", "judge.endpoint", "training.judge"),
        function=f"{_JUDGES}:judge_train",
        settings=RewardModelSettings,
        group="judge",
    ),
    Stage(
        "judge-check",
        Kind.JUDGE_CHECK,
        reads=("prepare", "recommender"),
        function=f"{_JUDGES}:judge_check",
    ),
)

STAGES: dict[str, Stage] = {row.name: row for row in _ROWS}
"""Every row by name, in the order of stages in a run and of methods in tables."""


def stage_rows() -> dict[str, Stage]:
    """The rows that are stages of a run."""
    return {name: row for name, row in STAGES.items() if row.function is not None}


def method_rows() -> dict[str, Stage]:
    """The rows that are methods, in the order of the tables."""
    return {name: row for name, row in STAGES.items() if row.is_method}


def trained_rows() -> dict[str, Stage]:
    """The methods that train an adapter, preferred first: tuned before supervised."""
    rows = [row for row in method_rows().values() if row.kind in TRAINED]
    rows.sort(key=lambda row: (TRAINED.index(row.kind), "sft" not in row.reads))
    return {row.name: row for row in rows}


def needed(names: tuple[str, ...]) -> set[str]:
    """These rows and all rows that they read, directly or not."""
    return set(names).union(*(needed(STAGES[name].reads) for name in names))
