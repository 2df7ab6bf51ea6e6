"""From a data format's name to clean interactions."""

from collections.abc import Callable

from rl_explain.data.demo import demo_records
from rl_explain.data.filtering import Filters, apply_filters
from rl_explain.data.interactions import Interactions
from rl_explain.data.readers import read_csv, read_movielens
from rl_explain.data.records import Records, in_order, tied_share, to_interactions
from rl_explain.data.statistics import statistics
from rl_explain.errors import unknown_name

Reader = Callable[[str | None, str | None, str | None, int], Records]
"""From (path, interactions, items, seed); each format reads those that it needs."""

FORMATS: dict[str, Reader] = {
    "demo": lambda path, interactions, items, seed: demo_records(seed),
    "movielens": lambda path, interactions, items, seed: read_movielens(path),
    "csv": lambda path, interactions, items, seed: read_csv(interactions, items, path),
}


def read_dataset(
    format: str,
    *,
    seed: int,
    path: str | None = None,
    interactions: str | None = None,
    items: str | None = None,
    min_rating: float | None = None,
    num_items: int | None = None,
    num_users: int | None = None,
    k_core: int | None = None,
) -> tuple[Interactions, dict[str, float]]:
    """The interactions of a data format, filtered (`Filters`) and in order, and figures on them.

    The figures are `statistics`, the share of interactions tied in time and what cleaning removed
    (`removed/...`), by flat names. `seed` generates the demo, orders equal timestamps and samples
    users. Raises `UserError` on an unknown format, on files that are missing or wrong, and when
    the filters leave nothing.
    """
    if format not in FORMATS:
        raise unknown_name("data.format", format, FORMATS)
    filters = Filters(min_rating, num_items, num_users, k_core)
    records = FORMATS[format](path, interactions, items, seed)
    log, removed = apply_filters(in_order(records.log, seed), filters, seed)
    kept = to_interactions(records, log)
    return kept, statistics(kept) | {"tied_share": tied_share(log)} | removed
