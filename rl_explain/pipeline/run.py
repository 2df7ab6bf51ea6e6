"""A run: a folder with one sub-folder per stage and a record."""

import gc
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase
from transformers.utils import logging as transformers_logging

from reward_models import REWARDS
from reward_models.composite import Composite
from reward_models.context import RewardContext
from reward_models.types import Reward
from rl_explain.config.reader import to_yaml
from rl_explain.config.settings import Config
from rl_explain.data.interactions import Interactions
from rl_explain.data.splits import Splits, split_users
from rl_explain.errors import UserError
from rl_explain.explainer.constrained_decoding import TitleConstraint
from rl_explain.explainer.embedding_tables import EmbeddingTables
from rl_explain.explainer.explainer import Explainer, Manifest
from rl_explain.explainer.language_model import (
    base_fingerprint,
    base_shape,
    load_base,
    load_tokenizer,
)
from rl_explain.files import write_json
from rl_explain.pipeline.configuration import load_config
from rl_explain.pipeline.judges import build_judge
from rl_explain.pipeline.kept_settings import check_settings, forget_settings, keep_settings
from rl_explain.pipeline.lineage import check_lineage, check_ready, finished, keep_lineage
from rl_explain.pipeline.record import add_to_record
from rl_explain.pipeline.table import STAGES, Kind, stage_rows, trained_rows
from rl_explain.recommenders.frozen import FrozenRecommender
from rl_explain.tasks.prompts import Prompts
from rl_explain.tasks.user_histories import UserHistories

Metrics = Mapping[str, float | None]
"""Metrics of a stage: flat name to number."""


def run_folders(folder: Path) -> list[Path]:
    """The folder itself if it is a run, or the runs at any depth of a study.

    Raises:
        UserError: there is no run.
    """
    found = sorted(path.parent for path in folder.rglob("config.yaml"))
    if not found:
        raise UserError(f"no run in {folder}: give the output_dir of an earlier run or study.")
    return found


class Run:
    """Performs stages, loads the outputs of finished ones, and keeps the record.

    Raises:
        UserError: started by a multi-process launcher, or there is no CUDA device for
            `device=cuda`.
    """

    def __init__(self, config: Config) -> None:
        if int(os.environ.get("WORLD_SIZE", "1")) > 1:
            raise UserError(
                f"WORLD_SIZE is {os.environ['WORLD_SIZE']}, but a run uses one process: start it "
                "without a launcher."
            )
        self.config = config
        self.folder = Path(config.output_dir)
        cuda = torch.cuda.is_available() and config.device != "cpu"
        if config.device == "cuda" and not cuda:
            raise UserError("device is 'cuda', but torch finds no CUDA device: use device=cpu.")
        self.device = "cuda" if cuda else "cpu"
        torch.set_num_threads(config.threads)
        transformers_logging.set_verbosity_error()
        if not sys.stderr.isatty():
            transformers_logging.disable_progress_bar()

    @classmethod
    def open(cls, folder: str | Path) -> "Run":
        """Open the run in a folder.

        Raises:
            UserError: there is no run, or the folder is a study.
        """
        path = Path(folder) / "config.yaml"
        if not path.is_file():
            inside = ", ".join(map(str, run_folders(Path(folder))))
            raise UserError(f"{folder} is a study: give one of its runs: {inside}.")
        # The run may come from another machine, so any device is accepted.
        return cls(load_config(path, [f"output_dir={folder}", "device=auto"]))

    def stage_folder(self, stage: str) -> Path:
        """The folder of a stage."""
        return self.folder / stage

    def check(self) -> None:
        """Refuse a folder whose stages have other settings or other inputs.

        Raises:
            UserError: settings or inputs differ; the message names the stage and what to delete.
        """
        check_settings(self.folder, self.config)
        check_lineage(self.folder, self.config.data)

    def perform(self, stage: str) -> None:
        """Perform a stage unless it is finished.

        Repeated stages (evaluation, judge validation) always run; they cache their own results.

        Raises:
            UserError: the folder has stages with other settings or inputs, or lacks stages that
                this one reads.
        """
        folder, row = self.stage_folder(stage), STAGES[stage]
        self.check()
        if finished(self.folder, stage) and not row.is_repeated:
            print(f"[{stage}] finished earlier: {folder}", flush=True)
            return
        check_ready(self.folder, stage)
        print(f"[{stage}] ...", flush=True)
        afresh = row.is_repeated or not folder.exists()
        folder.mkdir(parents=True, exist_ok=True)
        keep_settings(self.folder, stage, self.config)
        keep_lineage(self.folder, stage, self.config.data)
        start = time.time()
        record = partial(add_to_record, self.folder, stage)
        try:
            metrics: Metrics = row.perform(self, folder)
        except BaseException:
            forget_settings(self.folder, stage)
            if folder.exists():
                record(time.time() - start, self.config, self.device, afresh)
            raise
        seconds = time.time() - start
        if row.is_repeated and read_metrics(folder) == metrics:
            print(f"[{stage}] no new results", flush=True)
            return
        write_json(folder / "metrics.json", metrics)
        data = self.interactions.fingerprint
        record(seconds, self.config, self.device, afresh, data_fingerprint=data)
        (self.folder / "config.yaml").write_text(to_yaml(self.config), encoding="utf-8")
        self._merge_metrics()
        gc.collect()  # a trainer and its callbacks refer to each other, and hold the model
        print(f"[{stage}] {seconds:.1f} s", flush=True)

    def _merge_metrics(self) -> None:
        merged: dict[str, float | None] = {}
        for stage in stage_rows():
            metrics = read_metrics(self.stage_folder(stage))
            merged |= {f"{stage}/{name}": value for name, value in metrics.items()}
        write_json(self.folder / "metrics.json", merged)

    @cached_property
    def interactions(self) -> Interactions:
        """The interactions that the prepare stage saved."""
        return Interactions.load(self.stage_folder("prepare"))

    @cached_property
    def splits(self) -> Splits:
        """Training, validation and test users."""
        return split_users(len(self.interactions), self.config.seed)

    @cached_property
    def recommender(self) -> FrozenRecommender:
        """The frozen recommender."""
        return FrozenRecommender.load(
            self.stage_folder("recommender"), self.interactions.catalogue, self.device
        )

    @cached_property
    def user_histories(self) -> UserHistories:
        """The user histories that the tasks stage saved."""
        return UserHistories.load(self.stage_folder("tasks"))

    @cached_property
    def embedding_tables(self) -> EmbeddingTables:
        """The embeddings of items and user histories behind the virtual tokens."""
        return EmbeddingTables.load(self.stage_folder("tasks"))

    @cached_property
    def prompts(self) -> Prompts:
        """The writer of prompts about this run's catalogue."""
        tasks = self.config.tasks
        return Prompts(
            self.interactions.catalogue,
            tasks.show_attributes,
            tasks.verdict,
            tasks.contributions,
        )

    @cached_property
    def reward_context(self) -> RewardContext:
        """The catalogue and recommender for the rewards."""
        catalogue = self.interactions.catalogue
        return RewardContext(catalogue.titles, catalogue.attributes, self.recommender)

    @cached_property
    def rewarding_recommender(self) -> FrozenRecommender:
        """The recommender that the reward queries: the run's own, or `rewards.recommender`.

        Raises:
            UserError: the other recommender was trained on other data.
        """
        return self._recommender_of(self.config.rewards.recommender)

    @cached_property
    def measured_recommender(self) -> FrozenRecommender:
        """The recommender that evaluates explanations: the run's own, or `evaluation.recommender`.

        Raises:
            UserError: the other recommender was trained on other data.
        """
        return self._recommender_of(self.config.evaluation.recommender)

    def _recommender_of(self, run: str | None) -> FrozenRecommender:
        if run is None:
            return self.recommender
        catalogue = self.interactions.catalogue
        return FrozenRecommender.load(Path(run) / "recommender", catalogue, self.device)

    def composite(self, rewards: Mapping[str, Reward] = REWARDS) -> Composite:
        """The configured reward.

        Args:
            rewards: reward terms by name, in place of `REWARDS`.
        """
        settings = self.config.rewards
        context = replace(self.reward_context, length_band=settings.length_band)
        if settings.recommender is not None:
            context = replace(context, recommender=self.rewarding_recommender)
        if settings.asks_judge:
            context = replace(context, judge=build_judge(self.config.judge, context, self.folder))
        return Composite(
            settings.weights,
            context,
            rewards,
            normalisation=settings.normalisation,
            clip=settings.clip,
            schedule=settings.schedule,
        )

    def base(self) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
        """The untuned model with this run's virtual tokens, and its tokenizer."""
        model = self.config.model
        return load_base(
            model.name,
            model.dtype,
            self.embedding_tables.item_table,
            self.embedding_tables.user_table,
        )

    def manifest(self, base: PreTrainedModel) -> Manifest:
        """The manifest of adapters trained on `base`: what they must be loaded with."""
        tasks, model = self.config.tasks, self.config.model
        return Manifest(
            base=model.name,
            base_fingerprint=base_fingerprint(base),
            dtype=model.dtype,
            recommender=self.recommender.fingerprint,
            catalogue=self.interactions.catalogue.fingerprint,
            form=tasks.form,
            verdict=tasks.verdict,
            show_attributes=tasks.show_attributes,
            max_new_tokens=self.config.evaluation.max_new_tokens,
        )

    def explainer(self, method: str) -> Explainer:
        """The explainer that a method trained; `base` is the untuned model."""
        parts = (self.interactions.catalogue, self.recommender, self.embedding_tables)
        if method == "base":
            model, tokenizer = self.base()
            return Explainer(model.to(self.device), tokenizer, *parts, self.manifest(model))  # type: ignore[arg-type]
        adapter = self.stage_folder(method) / "adapter"
        return Explainer.load(Manifest.load(adapter), adapter, *parts, self.device)

    def tuned_method(self) -> str:
        """The method that `explain` and `export` use: the first finished one of `trained_rows`.

        Raises:
            UserError: no method is finished.
        """
        for method in trained_rows():
            if finished(self.folder, method):
                return method
        raise UserError(f"{self.folder} has no trained explainer: run its sft stage first.")


def read_metrics(folder: Path) -> dict[str, float | None]:
    """The metrics of a stage; empty if it is not finished."""
    path = folder / "metrics.json"
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}


def run_stages(run: Run, names: Sequence[str] | None = None) -> None:
    """Perform stages in order; skip finished ones.

    Args:
        names: stage names; the configuration's stages if `None`.

    Raises:
        UserError: a stage comes before one that it reads, the folder has stages with other
            settings or inputs, the base model does not exist, or its tokenizer does not support
            constrained decoding.
    """
    performed = run.config.stages if names is None else names
    if "tasks" in performed:
        base_shape(run.config.model.name)  # fail now; `tasks` would need it minutes later
    if any(_is_constrained(run.config, stage) for stage in performed):
        tokenizer = load_tokenizer(run.config.model.name)
        TitleConstraint(tokenizer, len(tokenizer))  # fail now, not after training
    for stage in performed:
        run.perform(stage)


def _is_constrained(config: Config, stage: str) -> bool:
    """Whether a stage uses constrained decoding."""
    if STAGES[stage].kind is Kind.EVALUATION:
        return config.evaluation.constrained_decoding
    own = getattr(config.training, STAGES[stage].group, None)
    return bool(getattr(own, "constrained_decoding", False))
