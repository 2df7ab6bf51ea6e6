"""Fills in the model card of an export, `templates/model_card.md`."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml
from huggingface_hub import ModelCardData

from rl_explain.config.settings import TINY, Config
from rl_explain.evaluation.results import in_order, read_results
from rl_explain.export.companions import EXAMPLES, USER_HISTORIES
from rl_explain.export.facts import MERGED, Export
from rl_explain.pipeline.run import Run
from rl_explain.pipeline.table import STAGES, method_rows, needed
from rl_explain.tables.names import named_rows
from rl_explain.tables.table import markdown_tables
from rl_explain.templates import render


def model_card(run: Run, export: Export, folder: Path) -> str:
    """The `README.md` of an export: hub metadata, then the filled-in `templates/model_card.md`.

    Args:
        folder: the export's folder, complete except for the card, `export.json` and checksums.
    """
    merged = export.form == MERGED
    return render(
        "model_card.md",
        export=export,
        merged=merged,
        config=run.config,
        metadata=_metadata(export, merged),
        data=_metrics(run, "prepare"),
        recommender=_metrics(run, "recommender"),
        recommender_dim=run.recommender.dim,
        shipped_base=export.base == TINY,
        commits=sorted({commit or "not a checkout" for commit in export.commits.values()}),
        results=_results(run, export.method),
        **_method(run.config, export.method),
        **(_merged(run, folder) if merged else {}),
    )


def _metadata(export: Export, merged: bool) -> str:
    """Hub metadata; names the base model only if it is on a hub, not shipped or in a folder."""
    named = export.base != TINY and not Path(export.base).is_dir()
    return ModelCardData(
        library_name="transformers" if merged else "peft",
        pipeline_tag="text-generation",
        base_model=export.base if named else None,
        tags=["rl_explain", "recommender-explanation", export.method],
    ).to_yaml()


def _merged(run: Run, folder: Path) -> dict[str, Any]:
    """Values that only the card of a merged checkpoint uses."""
    example = json.loads((folder / EXAMPLES).read_text(encoding="utf-8").splitlines()[0])
    generation = json.loads((folder / "generation_config.json").read_text(encoding="utf-8"))
    return {
        "examples_file": EXAMPLES,
        "histories_file": USER_HISTORIES,
        "example_prompt": example["prompt"],
        "first_virtual_id": generation["suppress_tokens"][0],
        "contributions": bool(run.embedding_tables.places),
    }


def _method(config: Config, method: str) -> dict[str, Any]:
    row = STAGES[method]
    settings = asdict(getattr(config.training, row.group))
    return {
        "method": row.title,
        "settings": _yaml(settings),
        "corruption_rate": 0.0 if method == "sft_clean" else config.teacher.corruption_rate,
        "weights": _yaml(config.rewards.weights) if _is_rewarded(method) else None,
    }


def _is_rewarded(method: str) -> bool:
    """Whether the reward affects the method, directly or through a stage that it reads."""
    return "rewards" in {
        key for name in (method, *needed((method,))) for key in STAGES[name].shaped_by
    }


def _results(run: Run, method: str) -> str:
    """Result tables of the method, `base`, `sft` and the rules; "" if it was not evaluated."""
    results = read_results(run.stage_folder("evaluate"))
    if method not in results:
        return ""
    rows = {
        name: results[name]
        for name in in_order(results, method_rows())
        if results[name].kind == "rule" or name in ("base", "sft", method)
    }
    return markdown_tables(named_rows(rows, run.config.model.name == TINY))


def _metrics(run: Run, stage: str) -> dict[str, Any]:
    text = (run.stage_folder(stage) / "metrics.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def _yaml(values: Mapping[str, Any]) -> str:
    return yaml.safe_dump(dict(values), sort_keys=False).strip()
