"""The card of an export: what made it, how good it is, how to load it, what it cannot do."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml
from huggingface_hub import ModelCardData

from rl_explain.config.settings import TINY, Config
from rl_explain.evaluation.results import in_order, read_results
from rl_explain.export.examples import EXAMPLES
from rl_explain.export.facts import MERGED, Export
from rl_explain.export.user_histories import USER_HISTORIES
from rl_explain.pipeline.run import Run
from rl_explain.tables.names import named_rows
from rl_explain.tables.table import markdown_tables

METHODS = {
    "sft": "supervised fine-tuning on the texts of a template teacher",
    "sft_clean": "supervised fine-tuning on the texts of a template teacher without noise",
    "rejection": "supervised fine-tuning on the best of several samples of the SFT model",
    "ppo": "PPO (Schulman et al. 2017) from the SFT model",
    "grpo": "GRPO (Shao et al. 2024) from the SFT model",
    "rloo": "RLOO (Ahmadian et al. 2024) from the SFT model",
    "orpo": "ORPO (Hong et al. 2024) from the SFT model",
    "dpo": "DPO (Rafailov et al. 2023) from the SFT model",
}
SUPERVISED = ("sft", "sft_clean")
"""Methods that no reward shaped."""

ADAPTER_USE = """\
```python
from rl_explain.explainer.explainer import Explainer

explainer = Explainer.from_pretrained("THIS_FOLDER")
print(explainer.explain(["Title A", "Title B", "Title C"]).text)
```

or `rl-explain explain THIS_FOLDER --history "Title A; Title B; Title C"`. It explains any history
of catalogue titles, also of users that no training saw. The folder holds all but the base model,
`{base}`: LoRA and connectors (`adapter_model.safetensors`), item embeddings
(`embedding_tables.safetensors`), the recommender, the catalogue and the tokenizer. Loading holds
every file against `SHA256SUMS`.

Plain `peft` loads the LoRA weights and nothing else: no connectors, no embeddings, no recommender.
Such a model reads titles; virtual tokens such as `<|item_3|>` are mere letters to it."""

MERGED_USE = """\
```python
from transformers import AutoModelForCausalLM, AutoTokenizer

model = AutoModelForCausalLM.from_pretrained("THIS_FOLDER")
tokenizer = AutoTokenizer.from_pretrained("THIS_FOLDER")
chat = [{{"role": "user", "content": PROMPT}}]
batch = tokenizer.apply_chat_template(
    chat, add_generation_prompt=True, return_tensors="pt", return_dict=True
)
ids = model.generate(**batch)
print(tokenizer.decode(ids[0, batch["input_ids"].shape[1] :], skip_special_tokens=True))
```

It answers greedily; for samples of the adapter's own distribution give
`do_sample=True, temperature=1.0, top_k=0, top_p=1.0`. `PROMPT` is written as those in
`{examples}`, for example:

> {prompt}

`<|item_3|>` is the item in row 3 of `catalogue.json`, from 0; `<|user_12|>` the history that
`{histories}` gives beside it.{contributions} The tokens `<|slot_0|>` and on hold nothing
here.

**Virtual tokens must be suppressed.** Their rows in the output head are zero, which is a logit of 0
and not minus infinity. `generation_config.json` says `suppress_tokens` and `renormalize_logits`,
and `transformers` follows it; then every probability is the adapter's. An engine that ignores that
file has to be told to forbid ids from {first_id} on; no such engine is claimed to work.
`{examples}` holds prompts and the adapter's greedy answers, to try an engine with: stock
`transformers` gave {same_texts} of them, right after export."""

ADAPTER_LIMITS = "- It needs the package `rl_explain` and the base model."
MERGED_LIMITS = """\
- It reads item tokens, the stored histories' tokens and prompts of titles alone. A new history has
  no token: for that export the adapter, and use `Explainer`.
- `{histories}` holds the ids of the users and what they chose. Mind that before you give it
  away."""

LIMITS = """\
- It speaks of one recommender, the one named above, and of its catalogue alone.
- A text can be wrong: the table says how often the verdict is, and how much what it cites moves the
  recommender. It says what moved the recommender, not why a person likes anything.
- Questions were asked in the forms of training alone; it is no assistant for anything else.
- One run of one seed; intervals are over test users, not over trainings."""


def model_card(run: Run, export: Export, folder: Path) -> str:
    """`README.md` of the export in `folder`: Markdown below the metadata that a hub reads.

    Args:
        folder: holds everything else of the export already.
    """
    merged = export.form == MERGED
    parts = {
        "How to load it": _merged_use(run, export, folder) if merged else _adapter_use(export),
        "Data": _data(run),
        "Recommender": _recommender(run),
        "Method": _method(run.config, export.method),
        "Results": _results(run, export.method),
        "Limits": f"{_form_limits(merged)}\n{LIMITS}",
        "Made by": _made_by(export),
    }
    body = "\n\n".join(f"## {title}\n\n{part}" for title, part in parts.items())
    return (
        f"---\n{_metadata(export, merged)}\n---\n\n# Explainer of a frozen recommender, tuned by "
        f"{export.method}\n\nA language model that says, for a user's history and an item, whether "
        "a sequential recommender ranks the item high, and which items of the history moved it.\n\n"
        f"{body}\n"
    )


def _form_limits(merged: bool) -> str:
    return MERGED_LIMITS.format(histories=USER_HISTORIES) if merged else ADAPTER_LIMITS


def _metadata(export: Export, merged: bool) -> str:
    """Without a base where it has no name on a hub: the shipped one, or a folder."""
    named = export.base != TINY and not Path(export.base).is_dir()
    return ModelCardData(
        library_name="transformers" if merged else "peft",
        pipeline_tag="text-generation",
        base_model=export.base if named else None,
        tags=["rl_explain", "recommender-explanation", export.method],
    ).to_yaml()


def _adapter_use(export: Export) -> str:
    return ADAPTER_USE.format(base=export.base)


def _merged_use(run: Run, export: Export, folder: Path) -> str:
    example = json.loads((folder / EXAMPLES).read_text(encoding="utf-8").splitlines()[0])
    settings = json.loads((folder / "generation_config.json").read_text(encoding="utf-8"))
    contributions = (
        " `<|user_12_0|>` is what its oldest item contributes, and so on."
        if run.embedding_tables.places
        else ""
    )
    return MERGED_USE.format(
        prompt=example["prompt"].replace("\n", "\n> "),
        first_id=settings["suppress_tokens"][0],
        same_texts=export.same_texts,
        examples=EXAMPLES,
        histories=USER_HISTORIES,
        contributions=contributions,
    )


def _data(run: Run) -> str:
    found = _metrics(run, "prepare")
    return (
        f"Format `{run.config.data.format}`: {found['users']:,} users, {found['items']:,} items, "
        f"{found['interactions']:,} interactions. Histories hold up to "
        f"{run.config.data.max_history} items. A tenth of the users is held out of all training, "
        "for the figures below, and another twentieth for choosing checkpoints."
    )


def _recommender(run: Run) -> str:
    found = _metrics(run, "recommender")
    return (
        f"SASRec (Kang and McAuley 2018), {run.recommender.dim} wide, trained first and frozen: "
        f"NDCG@10 {found['ndcg@10']:.3f} on last items, where popularity has "
        f"{found['popularity/ndcg@10']:.3f}; {found['top_items']:.0f} distinct top items."
    )


def _method(config: Config, method: str) -> str:
    settings = asdict(getattr(config.training, "sft" if method == "sft_clean" else method))
    parts = [
        f"`{method}`: {METHODS[method]}. Its settings:",
        _yaml(settings),
    ]
    if method in SUPERVISED:
        noise = config.teacher.corruption_rate if method == "sft" else 0.0
        parts.append(f"Noise: {noise:.0%} of the teacher's texts are plausible and unfaithful.")
    else:
        parts += ["Weights of the reward's terms:", _yaml(config.rewards.weights)]
    if config.rewards.recommender is not None and method not in SUPERVISED:
        parts.append("A control: the recommender that scored was another one than it explains.")
    return "\n\n".join(parts)


def _results(run: Run, method: str) -> str:
    results = read_results(run.stage_folder("evaluate"))
    if method not in results:
        return "Not evaluated in this run: `rl-explain evaluate` measures it."
    rows = {
        name: results[name]
        for name in in_order(results, ("base", *METHODS))
        if results[name].kind == "rule" or name in ("base", "sft", method)
    }
    tables = markdown_tables(named_rows(rows, run.config.model.name == TINY))
    control = run.config.evaluation.recommender is not None
    held = "A control: held against another recommender than it was made for. " if control else ""
    return (
        f"{held}On test users that no training saw, with 95 % bootstrap intervals over users; "
        "below the models, rules that give the right verdict and cite as their name says."
        f"\n\n{tables}"
    )


def _made_by(export: Export) -> str:
    commits = sorted({commit or "not a checkout" for commit in export.commits.values()})
    rows = {
        "base model": f"`{export.base}`"
        + (", which ships with the package rl_explain" if export.base == TINY else ""),
        "seed": export.seed,
        "commit": ", ".join(commits) or "not recorded",
        "versions": ", ".join(f"{name} {number}" for name, number in export.versions.items()),
        **{f"SHA-256 of the {name}": f"`{x}`" for name, x in export.fingerprints.items()},
    }
    return "\n".join(f"- {name}: {value}" for name, value in rows.items())


def _metrics(run: Run, stage: str) -> dict[str, Any]:
    text = (run.stage_folder(stage) / "metrics.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def _yaml(values: Mapping[str, Any]) -> str:
    return f"```yaml\n{yaml.safe_dump(dict(values), sort_keys=False).strip()}\n```"
