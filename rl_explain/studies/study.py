"""What a study compares: configurations, seeds, methods, controls and ablations."""

from collections.abc import Sequence
from dataclasses import field, fields, replace
from itertools import chain
from pathlib import Path
from typing import Literal

from pydantic import NonNegativeFloat, PositiveInt

from reward_models import REWARDS
from rl_explain.config.reader import read_settings, read_yaml
from rl_explain.config.validation import settings
from rl_explain.errors import UserError, unknown_name
from rl_explain.pipeline.table import stage_rows

OTHER_RECOMMENDER = "{other_recommender}"
"""In a control's overrides: the folder of a run on the same data whose recommender has another
seed; the study makes it."""
OTHER_SEED = "{other_seed}"
"""Likewise: the seed of that recommender."""
OWN_RUN = "{own_run}"
"""Likewise: the folder of the run that the control belongs to."""
FAITHFULNESS_SCORE = "faithfulness/score"
COMPARED = (
    FAITHFULNESS_SCORE,
    *(
        f"{FAITHFULNESS_SCORE}_{way}"
        for way in ("masking", "replacement", "replacement_mean", "log_probability")
    ),
    "explanation/verdict_accuracy",
    "explanation/judge_rating",
    "explanation/cites",
    "grounding/precision",
    "causes/f1",
    "ranking/ndcg@5",
    "text/length",
)
"""Metrics that methods are compared on, where a study has them."""
TRADED = (FAITHFULNESS_SCORE, "grounding/precision", "explanation/verdict_accuracy")
"""Metrics that a Pareto front is drawn over."""


@settings("ablation")
class Ablation:
    """Which rewards, or other settings, an ablation holds against those of the configuration."""

    terms: tuple[str, ...] = ()
    """Reward terms that are left out, or taken alone; all that have a weight when empty. A term
    that scores no explanation, such as `ranking`, cannot be taken alone."""
    leave_one_out: bool = False
    """A variant for each term: the reward without it."""
    one_term_only: bool = False
    """A variant for each term: it alone."""
    grid: dict[str, tuple[float, ...]] = field(default_factory=dict)
    """Weights of terms: a variant for each combination, the other weights as configured."""
    overrides: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Name and `key=value` of any other variants."""
    pareto: tuple[str, ...] = TRADED
    """Metrics, more of which is better, over which no variant of a front is worse than another."""

    def __post_init__(self) -> None:
        for key, names in (("terms", self.terms), ("grid", self.grid)):
            for name in names:
                if name not in REWARDS:
                    raise unknown_name(f"reward in ablation.{key}", name, list(REWARDS))
        for name, weights in self.grid.items():
            if not weights:
                raise UserError(f"ablation.grid.{name} is empty: give at least one weight.")


@settings()
class Study:
    """Every configuration with every seed, and controls or variants beside them."""

    output_dir: str
    """The study's folder."""
    configs: dict[str, str]
    """A name for each data set, and its configuration file, found from where the command runs."""
    seeds: tuple[int, ...] = (0, 1, 2)
    stages: tuple[str, ...] = ()
    """Stages of the runs; those of each configuration when empty."""
    overrides: tuple[str, ...] = ()
    """`key=value` for every run."""
    overrides_on: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """By the name of a data set: `key=value` for its runs alone, behind those for every run."""
    controls: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Name and `key=value` of runs that end with PPO, and share the stages before it that these
    settings leave as they are; none where `stages` has no `ppo`."""
    controls_on: tuple[str, ...] = ()
    """Names of the data sets that controls run on; all when empty."""
    ablation: Ablation = field(default_factory=Ablation)
    """What `rl-explain ablate` varies."""
    metrics: tuple[str, ...] = COMPARED
    """Metrics that differences are tested on."""
    executor: Literal["processes", "ray"] = "processes"
    """`processes` of this machine, or `ray`: the cluster that RAY_ADDRESS names, else this
    machine; folders must be seen from all of its nodes."""
    processes: PositiveInt = 1
    """Runs at once on this machine, each with the `threads` of its configuration."""
    gpus: NonNegativeFloat = 0.0
    """GPUs of a run, or a share of one, that Ray sets aside."""

    def __post_init__(self) -> None:
        if not self.configs:
            raise UserError("configs is empty: name at least one configuration file.")
        if not self.seeds:
            raise UserError("seeds is empty: give at least one.")
        for stage in self.stages:
            if stage not in stage_rows():
                raise unknown_name("stage", stage, stage_rows())
        groups = (self.overrides_on, self.controls, self.ablation.overrides)
        for override in chain(self.overrides, *(of for group in groups for of in group.values())):
            _check_override(override)
        for key in ("overrides_on", "controls_on"):
            for name in getattr(self, key):
                if name not in self.configs:
                    raise unknown_name(f"data set in {key}", name, self.configs)

    def overrides_of(self, data: str) -> tuple[str, ...]:
        """`key=value` for the runs of a data set, the later ones winning."""
        return (*self.overrides, *self.overrides_on.get(data, ()))


def load_study(path: str | Path, overrides: Sequence[str] = ()) -> Study:
    """Read a study's YAML file.

    Overrides are `key=value`: of the study itself where it has such a key (`processes=4`,
    `seeds=[0]`), else of every run, behind all of its own.

    Raises:
        UserError: no such file, broken YAML, an unknown key or a value of the wrong type.
    """
    values = read_yaml(path)
    for needed in ("output_dir", "configs"):
        if needed not in values:
            raise UserError(
                f"{path} has no {needed}: it is no study; one run goes by `rl-explain run`."
            )
    keys = {field.name for field in fields(Study)}
    own = [o for o in overrides if "=" in o and o.partition("=")[0].split(".")[0] in keys]
    study = read_settings(path, own, Study)
    given = [o for o in overrides if o not in own]
    return replace(
        study,
        overrides_on={data: (*study.overrides_on.get(data, ()), *given) for data in study.configs},
    )


def _check_override(override: str) -> None:
    """Refuse a seed: it names a run's folder, and pairs runs with each other."""
    key, _, value = override.partition("=")
    if key == "seed":
        raise UserError(f"{override} is no override: a study has seeds, give seeds=[{value}].")
