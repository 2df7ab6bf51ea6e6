"""`rl-explain export`: writes one method of a run as an adapter or a merged checkpoint."""

import hashlib
import json
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path

from rl_explain.explainer.checksums import FILE as CHECKSUMS
from rl_explain.explainer.checksums import replacing
from rl_explain.explainer.explainer import CATALOGUE, Manifest
from rl_explain.export.companions import (
    EXAMPLES,
    ask,
    equal_answers,
    example_prompts,
    write_user_histories,
)
from rl_explain.export.facts import ADAPTER, FACTS, MERGED, Export
from rl_explain.export.find import find_adapters
from rl_explain.export.merge import save_merged
from rl_explain.export.model_card import model_card
from rl_explain.files import digest, write_json
from rl_explain.pipeline.record import read_record
from rl_explain.pipeline.run import Run


def export_method(
    run: str | Path, out: str | Path, method: str | None = None, merge: bool = False
) -> Export:
    """Write a run's explainer into `out`, with a model card and checksums.

    `Explainer.from_pretrained` loads an adapter; stock `transformers` loads a merged checkpoint.
    The export replaces an earlier one in `out` only if it succeeds.

    Args:
        run: a run's folder.
        out: the folder to write.
        method: the method to export; if `None`, the first available one of `trained_rows`.
        merge: write one ordinary checkpoint instead of an adapter.

    Raises:
        UserError: there is no run or no such explainer, `out` has files that no export wrote, or
            the base model cannot be merged.
    """
    opened, out = Run.open(run), Path(out)
    method = find_adapters(opened.folder, method)[0].method
    facts = _facts(opened, method, MERGED if merge else ADAPTER)
    with replacing(out) as new:
        write = _write_merged if merge else _write_adapter
        made = write(opened, facts, new)
        (new / "README.md").write_text(model_card(opened, made, new), encoding="utf-8")
        write_json(new / FACTS, asdict(made))
    return made


def checksum(folder: Path) -> str:
    """The checksum of a whole export: the SHA-256 of its `SHA256SUMS`."""
    return hashlib.sha256((folder / CHECKSUMS).read_bytes()).hexdigest()


def _facts(run: Run, method: str, form: str) -> Export:
    adapter, record = run.stage_folder(method) / "adapter", read_record(run.folder)
    manifest = Manifest.load(adapter)
    return Export(
        form=form,
        method=method,
        base=manifest.base,
        seed=run.config.seed,
        fingerprints={
            "base": manifest.base_fingerprint,
            "recommender": manifest.recommender,
            "catalogue": manifest.catalogue,
            "data": run.interactions.fingerprint,
            "adapter": digest(adapter),
        },
        commits=record.get("commits", {}),
        versions={"rl_explain": version("rl_explain"), **record.get("versions", {})},
    )


def _write_adapter(run: Run, facts: Export, folder: Path) -> Export:
    run.explainer(facts.method).save_pretrained(folder)
    return facts


def _write_merged(run: Run, facts: Export, folder: Path) -> Export:
    explainer = run.explainer(facts.method)
    answers = ask(explainer, example_prompts(run, explainer))
    text = json.dumps(explainer.catalogue.to_json()) + "\n"
    (folder / CATALOGUE).write_text(text, encoding="utf-8")
    write_user_histories(run, folder)
    save_merged(explainer, folder)
    lines = [json.dumps(asdict(answer), ensure_ascii=False) + "\n" for answer in answers]
    (folder / EXAMPLES).write_text("".join(lines), encoding="utf-8")
    return replace(facts, same_texts=equal_answers(folder, answers))
