"""The runs of a study, the stages they share, and their dependencies."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from rl_explain.config.settings import Config
from rl_explain.errors import UserError
from rl_explain.pipeline.configuration import load_config
from rl_explain.pipeline.kept_settings import settings_of
from rl_explain.pipeline.table import STAGES, Kind
from rl_explain.studies.study import OTHER_RECOMMENDER, OTHER_SEED, OWN_RUN, Ablation, Study

CONTROL_STAGES = ("prepare", "recommender", "tasks", "sft", "ppo", "evaluate")
RECOMMENDER_SEEDS_APART = 1000
RUN_FOLDER = re.compile(r"seed_(?P<seed>\d+)(?:-(?P<variant>.+))?")
"""Folder name of a study's run."""
WITHOUT = "without_"
"""Name prefix of a variant that leaves out a reward term."""


@dataclass(frozen=True)
class Planned:
    """A run of a study.

    variant: name of the control or ablation variant; "" for the seed's own run.
    """

    data: str
    seed: int
    variant: str
    config: Config
    stages: tuple[str, ...]
    shared: tuple[str, ...] = ()
    """Stages that are copied from the seed's own run, since the variant does not change them."""
    needs: tuple[str, ...] = ()
    """Names of the runs that must end first."""

    @property
    def folder(self) -> Path:
        return Path(self.config.output_dir)

    @property
    def own_folder(self) -> Path:
        """The folder of the seed's own run, to which a variant belongs."""
        return self.folder.with_name(f"seed_{self.seed}")

    @property
    def name(self) -> str:
        """The run's folder relative to the study's."""
        return f"{self.data}/{self.folder.name}"


def planned(study: Study) -> Iterator[Planned]:
    """The runs of a comparison, each after those that it needs."""
    for data, path in study.configs.items():
        for seed in study.seeds:
            own = _own(study, data, path, seed)
            yield own
            if "ppo" in own.stages and data in (study.controls_on or study.configs):
                yield from _controls(study, path, own)


def planned_ablation(study: Study) -> Iterator[Planned]:
    """The runs of an ablation: for each seed the whole reward, then each variant.

    Raises:
        UserError: the study names no variant.
    """
    for data, path in study.configs.items():
        for seed in study.seeds:
            own = _own(study, data, path, seed)
            yield own
            for name, overrides in variants(study.ablation, own.config.rewards.weights).items():
                methods = own.config.evaluation.methods
                yield _variant(study, path, own, name, overrides, own.stages, methods)


def variants(ablation: Ablation, weights: Mapping[str, float]) -> dict[str, tuple[str, ...]]:
    """Name and overrides of each variant of a reward.

    Variants that repeat the whole reward or an earlier variant are dropped, and so are variants
    without any weight.

    Args:
        weights: weights of the whole reward.

    Raises:
        UserError: there is no variant.
    """
    whole = {name: weight for name, weight in weights.items() if weight}
    found: dict[str, dict[str, float]] = {}
    for name, mixture in _mixtures(ablation, whole):
        given = {term: weight for term, weight in mixture.items() if weight}
        if given not in ({}, whole, *found.values()):
            found[name] = given
    rewards = {name: (f"rewards.weights={json.dumps(given)}",) for name, given in found.items()}
    if not rewards and not ablation.overrides:
        raise UserError(
            "ablation names no variant: set ablation.leave_one_out or ablation.one_term_only to "
            "true, or give ablation.grid or ablation.overrides."
        )
    return rewards | ablation.overrides


def _mixtures(
    ablation: Ablation, whole: Mapping[str, float]
) -> Iterator[tuple[str, dict[str, float]]]:
    terms = ablation.terms or tuple(whole)
    if ablation.leave_one_out:
        for term in terms:
            yield f"{WITHOUT}{term}", {**whole, term: 0.0}
    if ablation.one_term_only:
        for term in terms:
            yield f"only_{term}", {term: 1.0}
    for values in product(*ablation.grid.values()) if ablation.grid else ():
        point = dict(zip(ablation.grid, values, strict=True))
        yield "-".join(f"{term}_{value:g}" for term, value in point.items()), {**whole, **point}


def _own(study: Study, data: str, path: str, seed: int) -> Planned:
    folder = Path(study.output_dir) / data / f"seed_{seed}"
    ends = [f"stages={json.dumps(study.stages)}", f"output_dir={folder}"]
    config = load_config(
        path, [f"seed={seed}", *study.overrides_of(data), *ends[not study.stages :]]
    )
    return Planned(data, seed, "", config, config.stages)


def _controls(study: Study, path: str, own: Planned) -> Iterator[Planned]:
    other = own.folder.with_name(f"{own.folder.name}-other_recommender")
    other_seed = own.seed + RECOMMENDER_SEEDS_APART
    places = {
        OTHER_RECOMMENDER: str(other),
        OTHER_SEED: str(other_seed),
        OWN_RUN: str(own.folder),
    }
    needs: tuple[str, ...] = ()
    if any(OTHER_RECOMMENDER in o for some in study.controls.values() for o in some):
        common = [f"seed={own.seed}", *study.overrides_of(own.data)]
        different = [f"recommender.seed={other_seed}", f"output_dir={other}"]
        config = load_config(path, [*common, *different])
        first = Planned(own.data, own.seed, "other_recommender", config, ("prepare", "recommender"))
        yield first
        needs = (first.name,)
    for name, overrides in study.controls.items():
        filled = [_fill(override, places) for override in overrides]
        yield _variant(study, path, own, name, filled, CONTROL_STAGES, ("sft", "ppo"), needs)


def _variant(
    study: Study,
    path: str,
    own: Planned,
    name: str,
    overrides: Sequence[str],
    stages: tuple[str, ...],
    methods: Sequence[str],
    needs: tuple[str, ...] = (),
) -> Planned:
    """A run that reuses stages its overrides do not change and evaluates methods they change.

    Args:
        methods: methods to evaluate if the overrides change them.
    """
    folder = own.folder.with_name(f"{own.folder.name}-{name}")
    ends = ["evaluation.baselines=[]", f"output_dir={folder}"]
    common = [f"seed={own.seed}", *study.overrides_of(own.data)]
    config = load_config(path, [*common, *overrides, *ends])
    shared = _shared(own.config, config, stages)
    config.evaluation.methods = tuple(
        method
        for method in methods
        if (method in stages and method not in shared)
        or (STAGES[method].kind is Kind.AT_USE and _changes_best_of_n(own.config, config, shared))
    )
    return Planned(own.data, own.seed, name, config, stages, shared, (own.name, *needs))


def _fill(override: str, places: Mapping[str, str]) -> str:
    for place, value in places.items():
        override = override.replace(place, value)
    return override


def _shared(own: Config, variant: Config, stages: Sequence[str]) -> tuple[str, ...]:
    """The stages with equal settings whose inputs are shared, too."""
    shared: list[str] = []
    for stage in stages:
        row = STAGES[stage]
        if not row.is_repeated and set(row.reads) <= set(shared):
            shared += [stage] if settings_of(stage, own) == settings_of(stage, variant) else []
    return tuple(shared)


def _changes_best_of_n(own: Config, variant: Config, shared: Sequence[str]) -> bool:
    """Whether best of n, which has no stage of its own, samples or selects differently."""
    same_reward = own.rewards == variant.rewards
    same_n = own.evaluation.best_of_n == variant.evaluation.best_of_n
    return not (same_reward and same_n and "sft" in shared)
