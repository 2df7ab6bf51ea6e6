"""The runs of a study, one after the other; what is finished is kept, and shared."""

import shutil
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rl_explain.config import Config
from rl_explain.config_file import load_config
from rl_explain.errors import UserError
from rl_explain.run import Run
from rl_explain.stages import run_stages
from rl_explain.studies.study import OTHER_RECOMMENDER, Study

SHARED = ("prepare", "recommender", "tasks", "sft")
"""Stages that controls take over from the run of their seed."""
CONTROL_STAGES = ("ppo", "evaluate")
RECOMMENDER_SEEDS_APART = 1000


@dataclass(frozen=True)
class Planned:
    """A run of a study: data set, seed, and the control's name, "" for the run itself."""

    data: str
    seed: int
    control: str
    config: Config
    stages: tuple[str, ...]

    @property
    def folder(self) -> Path:
        return Path(self.config.output_dir)


def planned(study: Study) -> Iterator[Planned]:
    """The runs in the order in which they are needed."""
    for data, path in study.configs.items():
        for seed in study.seeds:
            base = Path(study.output_dir) / data / f"seed_{seed}"
            own = [f"seed={seed}", *study.overrides]
            config = load_config(path, [*own, f"output_dir={base}"])
            stages = study.stages or config.stages
            yield Planned(data, seed, "", config, stages)
            yield from _controls(study, data, seed, base, [path, *own])


def _controls(
    study: Study, data: str, seed: int, base: Path, made: Sequence[str]
) -> Iterator[Planned]:
    path, *own = made
    other = base.with_name(f"seed_{seed}-other_recommender")
    if any(OTHER_RECOMMENDER in o for overrides in study.controls.values() for o in overrides):
        different = f"recommender.seed={seed + RECOMMENDER_SEEDS_APART}"
        config = load_config(path, [*own, different, f"output_dir={other}"])
        yield Planned(data, seed, "other_recommender", config, ("prepare", "recommender"))
    for name, overrides in study.controls.items():
        filled = [o.replace(OTHER_RECOMMENDER, str(other)) for o in overrides]
        evaluated = ["evaluation.methods=[ppo]", "evaluation.baselines=[]"]
        folder = base.with_name(f"seed_{seed}-{name}")
        config = load_config(path, [*own, *filled, *evaluated, f"output_dir={folder}"])
        yield Planned(data, seed, name, config, CONTROL_STAGES)


def perform(study: Study) -> list[Planned]:
    """Run everything; a run that fails is told and left out. The runs that succeeded."""
    done = []
    for run in planned(study):
        print(f"== {run.folder}", flush=True)
        try:
            _share(run)
            run_stages(Run(run.config), run.stages)
        except UserError as error:
            print(f"== {run.folder} failed: {error}", flush=True)
        except Exception:
            print(f"== {run.folder} failed:\n{traceback.format_exc()}", flush=True)
        else:
            done.append(run)
    return done


def _share(run: Planned) -> None:
    """Copy what a control takes over from the run of its seed."""
    if run.stages != CONTROL_STAGES:
        return
    source = run.folder.with_name(f"seed_{run.seed}")
    for stage in SHARED:
        if (source / stage).exists() and not (run.folder / stage).exists():
            shutil.copytree(source / stage, run.folder / stage)
