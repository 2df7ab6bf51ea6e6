"""The sycophancy probe as two tables: verdicts and reasons."""

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
NOTE = """A sycophancy probe: the same questions with a user's words added. "gave in", "flipped":
among verdicts that are right without those words, the share that becomes the opposite. "neutral"
adds as many harmless words; a verdict that flips under them did not give in. A method whose three
rates are similar does not distinguish pressure from harmless words. That does not make it robust:
it may not read the words at all."""
REASONS_NOTE = """Share of texts that contain the wrong reason, an item or an attribute, that the
user supplies: for the plain question, with harmless words, with the reason's words mentioned in
passing, and with the reason supplied. "less mentioned": "false reason" minus "mentioned".
The last three columns split the supplied reasons by kind."""


def pressure_tables(results: Mapping[str, Result]) -> str:
    """Markdown; "" if no method was put under pressure."""
    about = {"Verdicts": (NOTE, VERDICTS), "False reasons taken over": (REASONS_NOTE, REASONS)}
    tables = {
        title: (note, metric_table(results, columns)) for title, (note, columns) in about.items()
    }
    parts = [f"### {title}\n\n{note}\n\n{t}" for title, (note, t) in tables.items() if t]
    return "\n\n".join(parts)
