"""`export.json`: the form and provenance of an export."""

from dataclasses import dataclass

ADAPTER, MERGED = "adapter", "merged"
"""The forms of an export."""
FACTS = "export.json"


@dataclass(frozen=True)
class Export:
    """The content of `export.json`.

    form: `adapter` or `merged`.
    fingerprints: the run's SHA-256 of the base model, recommender, catalogue, data and adapter.
    commits: of the source tree, by stage; `None` if a stage did not run in a checkout.
    same_texts: how many prompts in `examples.jsonl` the merged checkpoint answers greedily like
        the adapter: "7 of 7"; `None` for an adapter.
    """

    form: str
    method: str
    base: str
    seed: int
    fingerprints: dict[str, str]
    commits: dict[str, str | None]
    versions: dict[str, str]
    same_texts: str | None = None
