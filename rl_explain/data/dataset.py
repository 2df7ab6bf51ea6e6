"""Read a data set of any format as clean interactions."""

from collections.abc import Callable

from rl_explain.data.demo import demo_records
from rl_explain.data.filtering import Filters, apply_filters
from rl_explain.data.interactions import Interactions
from rl_explain.data.readers import read_csv, read_movielens
from rl_explain.data.records import Records, in_order, tied_share, to_interactions
from rl_explain.data.statistics import statistics
from rl_explain.errors import unknown_name

Reader = Callable[[str | None, str | None, str | None, int], Records]
"""Takes (path, interactions, items, seed); each format uses what it needs."""

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
    """Read interactions, sort and filter them (`Filters`), and compute statistics.

    Args:
        format: a key of `FORMATS`.
        seed: generates the demo, orders equal timestamps and samples users.

    Returns:
        The interactions, and `statistics` plus the share of interactions tied in time
        (`tied_share`) and the counts that filters removed (`removed/...`), by flat names.

    Raises:
        UserError: an unknown format, missing or invalid files, or filters that leave nothing.
    """
    if format not in FORMATS:
        raise unknown_name("data.format", format, FORMATS)
    filters = Filters(min_rating, num_items, num_users, k_core)
    records = FORMATS[format](path, interactions, items, seed)
    log, removed = apply_filters(in_order(records.log, seed), filters, seed)
    kept = to_interactions(records, log)
    return kept, statistics(kept) | {"tied_share": tied_share(log)} | removed
