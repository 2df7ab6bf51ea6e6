"""`export.json`: what an export is and what it comes from."""

from dataclasses import dataclass

ADAPTER, MERGED = "adapter", "merged"
"""The forms of an export."""
FACTS = "export.json"


@dataclass(frozen=True)
class Export:
    """`export.json` in an export's folder.

    form: `adapter` or `merged`.
    fingerprints: SHA-256 of the base model, the recommender, the catalogue, the data and the
        adapter, as the run keeps them.
    commits: of the source tree, by stage; `None` where a stage did not run in a checkout.
    same_texts: of the prompts in `examples.jsonl`, how many a merged checkpoint answers, greedily,
        as the adapter does: "7 of 7"; `None` for an adapter.
    """

    form: str
    method: str
    base: str
    seed: int
    fingerprints: dict[str, str]
    commits: dict[str, str | None]
    versions: dict[str, str]
    same_texts: str | None = None
