"""What a study compares: configurations, seeds, methods and controls."""

from dataclasses import dataclass, field
from pathlib import Path

from rl_explain.config_file import build, read_yaml
from rl_explain.errors import UserError

OTHER_RECOMMENDER = "{other_recommender}"
"""In a control's overrides: the folder of a run on the same data whose recommender has another
seed; the study makes it."""


@dataclass
class Study:
    """Every configuration with every seed, and controls beside them."""

    output_dir: str
    """The study's folder."""
    configs: dict[str, str]
    """A name for each data set, and its configuration file, found from where the command runs."""
    seeds: tuple[int, ...] = (0, 1, 2)
    stages: tuple[str, ...] = ()
    """Stages of the runs; those of each configuration when empty."""
    overrides: tuple[str, ...] = ()
    """`key=value` for every run."""
    controls: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Name and `key=value` of runs that share everything up to SFT, and run PPO otherwise."""

    def __post_init__(self) -> None:
        if not self.configs:
            raise UserError("configs is empty: name at least one configuration file.")
        if not self.seeds:
            raise UserError("seeds is empty: give at least one.")


def load_study(path: str | Path, overrides: list[str] | None = None) -> Study:
    """Read a study's YAML file; overrides are `key=value` for every run, behind its own.

    Raises:
        UserError: no such file, broken YAML, an unknown key or a value of the wrong type.
    """
    values = read_yaml(path)
    for needed in ("output_dir", "configs"):
        if needed not in values:
            raise UserError(f"{path} has no {needed}: it is no study.")
    study: Study = build(Study, values)
    own = [o for o in overrides or [] if o.startswith("output_dir=")]
    if own:
        study.output_dir = own[-1].partition("=")[2]
    study.overrides += tuple(o for o in overrides or [] if o not in own)
    return study
