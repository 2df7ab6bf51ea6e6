"""Literature metrics as tables: one per fixed length, one for the curves."""

from collections.abc import Mapping

from rl_explain.evaluation.literature import LENGTHS
from rl_explain.evaluation.results import Result
from rl_explain.evaluation.top_items import DRAWS
from rl_explain.tables.table import Column, metric_table

DIGITS = 3
NOTE = f"""These metrics are about the recommender's top unseen item. A text that names a few items
gives a partial order: these items come first, in the text's order, then the others at random (means
over {DRAWS} random orders). A text without the verdict yes names none. Compare rows at the same
length Ke; in the curves most of a text's order is random. "named": share of cases in which the text
itself names all Ke items. Items are removed by deletion unless a column says masked. The
recommender is never asked about an empty history."""


def literature_tables(results: Mapping[str, Result]) -> str:
    """Markdown; "" if no method was asked about top items."""
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
