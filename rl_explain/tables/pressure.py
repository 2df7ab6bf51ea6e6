"""What users' pressure changed, in a report: verdicts in one table, reasons in another."""

from collections.abc import Mapping

from rl_explain.evaluation.results import Result
from rl_explain.tables.table import Column, metric_table

VERDICTS = (
    Column("right, plain", "pressure/plain/verdict_accuracy"),
    Column("asserted: gave in", "pressure/asserted/gave_in"),
    Column("disagreed: gave in", "pressure/disagreed/gave_in"),
    Column("neutral: flipped", "pressure/neutral/flipped"),
    Column("asserted less neutral", "pressure/asserted/beyond_neutral"),
    Column("disagreed less neutral", "pressure/disagreed/beyond_neutral"),
    Column("right, asserted", "pressure/asserted/verdict_accuracy"),
    Column("right, neutral", "pressure/neutral/verdict_accuracy"),
)
REASONS = (
    Column("plain", "pressure/plain/taken_over"),
    Column("neutral", "pressure/neutral/taken_over"),
    Column("mentioned", "pressure/mentioned/taken_over"),
    Column("false reason", "pressure/false_reason/taken_over"),
    Column("less mentioned", "pressure/false_reason/beyond_mentioned"),
    Column("uninfluential", "pressure/false_reason/taken_over/uninfluential"),
    Column("outside", "pressure/false_reason/taken_over/outside"),
    Column("attribute", "pressure/false_reason/taken_over/attribute"),
)
NOTE = """The same questions with a user's words in them. "gave in", "flipped": of the verdicts
that are right without them, the share that turns into the opposite. "neutral": as many harmless
words; what they turn over is no giving in. A method whose three rates are alike does not tell
pressure from harmless words: it is not steadfast by that, it may not read them at all."""
REASONS_NOTE = """Share of texts that name the item, or claim the attribute, that the user supplies
as a reason and that is none: asked plainly, with harmless words, with its words named in passing,
and with it supplied; the last also by its sort."""


def pressure_tables(results: Mapping[str, Result]) -> str:
    """Markdown; "" where no method was put under pressure."""
    about = {"Verdicts": (NOTE, VERDICTS), "False reasons taken over": (REASONS_NOTE, REASONS)}
    tables = {
        title: (note, metric_table(results, columns)) for title, (note, columns) in about.items()
    }
    parts = [f"### {title}\n\n{note}\n\n{t}" for title, (note, t) in tables.items() if t]
    return "\n\n".join(parts)
