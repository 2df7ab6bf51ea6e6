"""Metrics of the literature as tables: one for each fixed length, one for the curves."""

from collections.abc import Mapping

from rl_explain.evaluation.literature import LENGTHS
from rl_explain.evaluation.results import Result
from rl_explain.evaluation.top_items import DRAWS
from rl_explain.tables.table import Column, metric_table

DIGITS = 3
NOTE = f"""Of the recommender's top unseen item. A text names a few items, which is a partial order:
they come first, in the order of its words, the others behind them at random (means over {DRAWS}
random orders); a text that does not say yes names none. Rows are comparable at an equal length Ke,
not in the curves, where most of a text's order is random. "named": share of cases in which the Ke
items are all the text's own. Removal is deletion, closed up, unless a column says masked; an empty
history, which the recommender is never asked about, is left out."""


def literature_tables(results: Mapping[str, Result]) -> str:
    """Markdown; "" where no method was asked about top items."""
    tables = {f"Fixed length Ke = {size}": _fixed(results, size) for size in LENGTHS}
    tables["Curves over tenths of the history"] = _curves(results)
    filled = [f"### {title}\n\n{table}" for title, table in tables.items() if table]
    return "\n\n".join([NOTE, *filled]) if filled else ""


def _fixed(results: Mapping[str, Result], size: int) -> str:
    names = {
        "named": "literature/cites",
        "POS@10 ↓": "literature/pos@10",
        "CDCG ↓": "literature/cdcg",
        "DEL ↓": "literature/del",
        "INS ↑": "literature/ins",
        "DEL masked ↓": "literature_masking/del",
        "INS masked ↑": "literature_masking/ins",
    }
    columns = [Column(title, f"{name}/ke_{size}", DIGITS) for title, name in names.items()]
    return metric_table(results, columns)


def _curves(results: Mapping[str, Result]) -> str:
    names = {
        "POS@10 ↓": "literature/pos@10",
        "NEG@10 ↑": "literature/neg@10",
        "CDCG ↓": "literature/cdcg",
        "DEL ↓": "literature/del",
        "INS ↑": "literature/ins",
        "DEL masked ↓": "literature_masking/del",
        "INS masked ↑": "literature_masking/ins",
    }
    return metric_table(results, [Column(t, name, DIGITS) for t, name in names.items()])
