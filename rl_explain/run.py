"""A run: a folder with one sub-folder a stage, and a record of what made it."""

import json
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase
from transformers.utils import logging as transformers_logging

from reward_models.composite import Composite
from reward_models.context import RewardContext
from rl_explain.alignment.banks import Banks
from rl_explain.alignment.explainer import Explainer, Manifest
from rl_explain.alignment.language_model import base_fingerprint, load_base
from rl_explain.alignment.states import States
from rl_explain.config import Config, load_config, to_yaml
from rl_explain.data.interactions import Interactions
from rl_explain.data.splits import Splits, split_users
from rl_explain.errors import UserError
from rl_explain.recommenders.frozen import FrozenRecommender

TUNED = ("ppo", "orpo", "sft", "sft_clean")
"""Methods that leave an adapter; `explain` and `export` take the first one there is."""
SETTINGS = "settings.json"
PACKAGES = ("torch", "transformers", "trl", "peft", "accelerate", "datasets", "numpy", "pandas")
DEPENDS: dict[str, tuple[str, ...]] = {
    "prepare": ("seed", "data"),
    "recommender": ("recommender",),
    "tasks": ("alignment", "training.rl"),
    "sft": ("model", "training.sft"),
    "sft_clean": ("model", "training.sft"),
    "pairs": ("rewards", "training.pairs"),
    "ppo": ("rewards", "training.ppo"),
    "orpo": ("training.orpo",),
    "evaluate": ("evaluation",),
}
"""Configuration groups that shape a stage, beside those of the stages before it."""
REPEATED = "evaluate"
"""Performed at every call: methods may have come since; it reuses every result that still holds."""


class Run:
    """Reads what earlier stages left, and keeps the record."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.folder = Path(config.output_dir)
        cuda = torch.cuda.is_available() and config.device != "cpu"
        if config.device == "cuda" and not cuda:
            raise UserError("device is 'cuda', and torch sees no CUDA device: use device=cpu.")
        self.device = "cuda" if cuda else "cpu"
        torch.set_num_threads(config.threads)
        transformers_logging.set_verbosity_error()
        if not sys.stderr.isatty():
            transformers_logging.disable_progress_bar()

    @classmethod
    def open(cls, folder: str | Path) -> "Run":
        """The run in a folder; `UserError` when there is none."""
        path = Path(folder) / "config.yaml"
        if not path.is_file():
            raise UserError(
                f"no run in {folder}: give the output_dir of an earlier `rl-explain run`."
            )
        return cls(load_config(path, [f"output_dir={folder}"]))

    def stage_folder(self, stage: str) -> Path:
        """The folder of a stage."""
        return self.folder / stage

    def perform(
        self, stage: str, function: Callable[["Run", Path], Mapping[str, float | None]]
    ) -> None:
        """Run a stage, or keep it when it is finished and was made with the same settings.

        The evaluation is performed anyway; it keeps what it has found out itself.

        Raises:
            UserError: the folder holds the stage, made with other settings.
        """
        folder = self.stage_folder(stage)
        folder.mkdir(parents=True, exist_ok=True)
        self._check_settings(stage, folder)
        if (folder / "metrics.json").exists() and stage != REPEATED:
            print(f"[{stage}] finished earlier: {folder}", flush=True)
            return
        print(f"[{stage}] ...", flush=True)
        start = time.time()
        metrics = function(self, folder)
        seconds = round(time.time() - start, 1)
        write_json(folder / "metrics.json", metrics)
        self._record(stage, seconds)
        self._merge_metrics()
        print(f"[{stage}] {seconds} s", flush=True)

    def _check_settings(self, stage: str, folder: Path) -> None:
        """A stage is begun and finished with one set of settings."""
        config = asdict(self.config)
        settings = json.loads(json.dumps({key: _pick(config, key) for key in DEPENDS[stage]}))
        path = folder / SETTINGS
        if not path.exists():
            write_json(path, settings)
            return
        made = json.loads(path.read_text())
        changed = sorted(_differences(made, settings))
        if changed:
            raise UserError(
                f"{folder} was made with other values of {', '.join(changed)}: give another "
                f"output_dir, or delete {folder} and the stages that stand on it."
            )

    def _record(self, stage: str, seconds: float) -> None:
        path = self.folder / "record.json"
        record = json.loads(path.read_text()) if path.exists() else self._new_record()
        spent = record["wall_seconds"].get(stage, 0)
        record["wall_seconds"][stage] = round(spent + seconds, 1)
        if stage == "prepare":
            record["data_fingerprint"] = self.interactions.fingerprint
        write_json(path, record)
        (self.folder / "config.yaml").write_text(to_yaml(self.config))

    def _new_record(self) -> dict[str, Any]:
        return {
            "seed": self.config.seed,
            "commit": _commit(),
            "python": platform.python_version(),
            "versions": {name: version(name) for name in PACKAGES},
            "hardware": _hardware(self.device, self.config.threads),
            "wall_seconds": {},
        }

    def provenance(self) -> str:
        """What made this run, as Markdown: settings, versions, hardware, seconds a stage."""
        record = json.loads((self.folder / "record.json").read_text())
        versions = ", ".join(f"{name} {number}" for name, number in record["versions"].items())
        seconds = ", ".join(f"{name} {s:.0f}" for name, s in record["wall_seconds"].items())
        rows = {
            "data": f"{self.config.data.format}, seed {record['seed']}",
            "model": self.config.model.name,
            "commit": record["commit"] or "not a checkout",
            "hardware": record["hardware"],
            "versions": f"python {record['python']}, {versions}",
            "seconds a stage, up to here": seconds,
        }
        return "\n".join(f"- {name}: {value}" for name, value in rows.items())

    def _merge_metrics(self) -> None:
        merged: dict[str, float | None] = {}
        for stage in DEPENDS:
            path = self.stage_folder(stage) / "metrics.json"
            if path.exists():
                merged |= {f"{stage}/{k}": v for k, v in json.loads(path.read_text()).items()}
        write_json(self.folder / "metrics.json", merged)

    @cached_property
    def interactions(self) -> Interactions:
        """What the prepare stage left."""
        return Interactions.load(self.stage_folder("prepare"))

    @cached_property
    def splits(self) -> Splits:
        """Training, validation and test users."""
        return split_users(len(self.interactions), self.config.seed)

    @cached_property
    def recommender(self) -> FrozenRecommender:
        """The frozen target."""
        return FrozenRecommender.load(
            self.stage_folder("recommender"), self.interactions.catalogue, self.device
        )

    @cached_property
    def states(self) -> States:
        """What the tasks stage left."""
        return States.load(self.stage_folder("tasks"))

    @cached_property
    def banks(self) -> Banks:
        """Embeddings of items and states, as virtual tokens hold them."""
        return Banks.load(self.stage_folder("tasks"))

    @cached_property
    def reward_context(self) -> RewardContext:
        """Catalogue and recommender, as rewards need them."""
        catalogue = self.interactions.catalogue
        return RewardContext(catalogue.titles, catalogue.attributes, self.recommender)

    def composite(self) -> Composite:
        """The configured reward."""
        return Composite(self.config.rewards.weights, self.reward_context)

    def base(self) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
        """The untuned model with this run's virtual tokens, and its tokenizer."""
        model = self.config.model
        return load_base(model.name, model.dtype, self.banks.item_bank, self.banks.user_bank)

    def manifest(self, base: PreTrainedModel) -> Manifest:
        """What an adapter trained on `base` belongs to."""
        alignment, model = self.config.alignment, self.config.model
        return Manifest(
            base=model.name,
            base_fingerprint=base_fingerprint(base),
            dtype=model.dtype,
            recommender=self.recommender.fingerprint,
            catalogue=self.interactions.catalogue.fingerprint,
            form=alignment.form,
            verdict=alignment.verdict,
            show_attributes=alignment.show_attributes,
            max_new_tokens=self.config.evaluation.max_new_tokens,
        )

    def explainer(self, method: str) -> Explainer:
        """The explainer that a method left; `base` is the untuned model."""
        parts = (self.interactions.catalogue, self.recommender, self.banks)
        if method == "base":
            model, tokenizer = self.base()
            return Explainer(model.to(self.device), tokenizer, *parts, self.manifest(model))  # type: ignore[arg-type]
        adapter = self.stage_folder(method) / "adapter"
        return Explainer.load(Manifest.load(adapter), adapter, *parts, self.device)

    def best_method(self) -> str:
        """The method that `explain` and `export` use: the first of `TUNED` that has an adapter."""
        for method in TUNED:
            if (self.stage_folder(method) / "metrics.json").exists():
                return method
        raise UserError(f"{self.folder} holds no trained explainer: run its sft stage first.")


def write_json(path: Path, value: Any) -> None:
    """Write JSON whole or not at all."""
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    unfinished.replace(path)


def _pick(config: dict[str, Any], key: str) -> Any:
    for name in key.split("."):
        config = config[name]
    return config


def _differences(made: Any, now: Any, where: str = "") -> Iterator[str]:
    if isinstance(made, dict) and isinstance(now, dict):
        for key in made.keys() | now.keys():
            yield from _differences(made.get(key), now.get(key), f"{where}.{key}" if where else key)
    elif made != now:
        yield where


def _commit() -> str | None:
    """The commit of the source tree, if it is one."""
    try:
        answer = subprocess.run(
            ["git", "rev-parse", "HEAD"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return answer.stdout.strip()


def _hardware(device: str, threads: int) -> str:
    if device == "cuda":
        return torch.cuda.get_device_name()
    return f"{_processor()}, {threads} threads"


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
