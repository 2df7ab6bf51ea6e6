"""Settings of a study: configurations, seeds, methods, controls and ablations."""

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
"""Placeholder in a control's overrides: the folder of a run on the same data whose recommender has
another seed. The study performs that run."""
OTHER_SEED = "{other_seed}"
"""Placeholder: the seed of that recommender."""
OWN_RUN = "{own_run}"
"""Placeholder: the folder of the run that the control belongs to."""
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
"""Metrics on which methods are compared, if a study has them."""
TRADED = (FAITHFULNESS_SCORE, "grounding/precision", "explanation/verdict_accuracy")
"""Metrics of the Pareto front."""


@settings("ablation")
class Ablation:
    """The rewards, or other settings, that an ablation compares with the configured ones."""

    terms: tuple[str, ...] = ()
    """Reward terms to leave out or use alone; if empty, all terms with a weight. A term that does
    not score explanations, such as `ranking`, cannot be used alone."""
    leave_one_out: bool = False
    """Add a variant for each term: the reward without it."""
    one_term_only: bool = False
    """Add a variant for each term: the term alone."""
    grid: dict[str, tuple[float, ...]] = field(default_factory=dict)
    """Weights to try for each term: a variant per combination; other weights as configured."""
    overrides: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Other variants: name and `key=value` overrides."""
    pareto: tuple[str, ...] = TRADED
    """Metrics of the Pareto front; higher must be better."""

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
    """A study: every configuration with every seed, plus controls or variants."""

    output_dir: str
    """The study's folder."""
    configs: dict[str, str]
    """Configuration file of each data set, by name; paths are relative to the working folder."""
    seeds: tuple[int, ...] = (0, 1, 2)
    stages: tuple[str, ...] = ()
    """Stages of the runs; if empty, those of each configuration."""
    overrides: tuple[str, ...] = ()
    """`key=value` for every run."""
    overrides_on: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """`key=value` for the runs of one data set, by its name; applied after `overrides`."""
    controls: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Name and `key=value` of control runs. They train PPO and reuse the earlier stages that their
    settings do not change. A run without `ppo` among its stages has no controls."""
    controls_on: tuple[str, ...] = ()
    """Names of the data sets that controls run on; all if empty."""
    ablation: Ablation = field(default_factory=Ablation)
    """What `rl-explain ablate` varies."""
    metrics: tuple[str, ...] = COMPARED
    """Metrics whose differences are tested."""
    executor: Literal["processes", "ray"] = "processes"
    """`processes` on this machine, or `ray`: the cluster in RAY_ADDRESS, else this machine. All
    nodes must share the folders."""
    processes: PositiveInt = 1
    """Number of runs at once on this machine, each with its configured `threads`."""
    gpus: NonNegativeFloat = 0.0
    """GPUs that Ray reserves for each run; may be a fraction."""

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
        """`key=value` for the runs of a data set; later ones take precedence."""
        return (*self.overrides, *self.overrides_on.get(data, ()))


def load_study(path: str | Path, overrides: Sequence[str] = ()) -> Study:
    """Read a study's YAML file.

    Overrides are `key=value`. A key of the study (`processes=4`, `seeds=[0]`) applies to the study;
    any other key applies to every run, after all other overrides.

    Raises:
        UserError: no such file, broken YAML, an unknown key or a value of the wrong type.
    """
    values = read_yaml(path)
    for needed in ("output_dir", "configs"):
        if needed not in values:
            raise UserError(
                f"{path} has no {needed}, so it is not a study: use `rl-explain run` for one run."
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
    """Refuse to override the seed: it names a run's folder and pairs runs with each other."""
    key, _, value = override.partition("=")
    if key == "seed":
        raise UserError(
            f"{override} cannot be an override: a study has seeds, give seeds=[{value}]."
        )
