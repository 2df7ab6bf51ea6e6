"""Tables, paired changes and explanations to read, from results that are written down."""

import numpy as np

from rl_explain.evaluation.results import Result
from rl_explain.evaluation.statistics import Measure, estimate
from rl_explain.tables.literature import literature_tables
from rl_explain.tables.names import named_rows
from rl_explain.tables.paired_changes import paired_changes
from rl_explain.tables.pressure import pressure_tables
from rl_explain.tables.side_by_side import side_by_side
from rl_explain.tables.strata import strata_tables
from rl_explain.tables.summary import markdown_summary, plain_summary
from rl_explain.tables.table import markdown_tables, plain_tables

FAITHFULNESS_SCORE, VERDICT = "faithfulness/score", "explanation/verdict_accuracy"


def result(method: str, gain: float) -> Result:
    rng = np.random.default_rng(0)
    users = np.repeat(np.arange(40), 2)
    score = rng.normal(size=80) * 0.3 + gain
    measures = {
        FAITHFULNESS_SCORE: Measure(score, users),
        VERDICT: Measure(np.full(80, 0.5), users),
    }
    metrics: dict[str, float | None] = {"causes/f1": None}
    for name, measure in measures.items():
        metrics |= estimate(measure, 200).flat(name)
    samples = [
        {
            "task": "explanation",
            "case": case,
            "history": ["A", "B", "C"],
            "item": f"Item {case}",
            "label": "yes",
            "completion": f"{method} says\n{case}",
            "scores": {FAITHFULNESS_SCORE: None if case % 2 else 0.25},
        }
        for case in range(10)
    ]
    return Result(method, "f", metrics, measures, samples)


def results() -> dict[str, Result]:
    made = [result("oracle", 1), result("base", -0.9), result("sft", 0.0)]
    made += [result("ppo", 0.6), result("grpo", 0.6), result("orpo", 0.001)]
    return {r.method: r for r in made}


def test_plain_table_is_aligned_with_the_rules_below() -> None:
    """The oracle is given first; models keep the order of the results."""
    first, *_ = plain_tables(results(), 140).split("\n\n")
    header, rule, *rows = first.split("\n")
    methods = [row.split()[0] for row in rows]
    assert methods == ["base", "sft", "ppo", "grpo", "orpo", "oracle"]
    assert header.split("  ")[0] == "method"
    assert "causes F1" not in header  # no method has a number
    column = header.index("faithfulness score")
    assert all(row[column - 1] == " " and row[column] != " " for row in rows)
    assert set(rule) == {"─"}


def test_the_base_is_named_by_what_it_was_trained_on() -> None:
    tiny, other = named_rows(results(), tiny=True), named_rows(results(), tiny=False)
    assert "| tiny base (pretrained on this task) | 0.50" in markdown_tables(tiny)
    assert "| base model, not tuned | 0.50" in markdown_tables(other)
    assert tiny["tiny base (pretrained on this task)"].method == "base"
    assert paired_changes(tiny) == paired_changes(results())


def test_notes_say_what_intervals_calls_and_causes_are() -> None:
    made = results()
    assert "over the test users of one training" in markdown_tables(made)
    assert "Recommender calls" not in markdown_tables(made)
    made["ppo"].metrics.update({"explanation/recommender_calls": 55.6, "causes/f1_limit": 0.69})
    made["ppo"].metrics["causes/f1"] = 0.63
    text = markdown_tables(made)
    assert "| ppo | 0.50 [0.50, 0.50] | 0.6" in text and "| 0.63 | 56 |" in text
    assert "at most 0.69 is possible" in text and "Recommender calls: " in text
    measure = made["ppo"].measures[FAITHFULNESS_SCORE]
    made["ppo"].measures[FAITHFULNESS_SCORE] = Measure(
        measure.values, measure.users, np.repeat([0, 1], 40)
    )
    assert "two-level" in markdown_tables(made)


def test_markdown_table_has_equal_columns_and_dashes_for_gaps() -> None:
    first, *_ = markdown_tables(results()).split("\n\n")
    lines = first.split("\n")
    assert len({line.count("|") for line in lines}) == 1
    assert lines[1].replace(" ", "").startswith("|---|---|")
    with_gaps = {r.method: r for r in [result("sft", 0), result("oracle", 1)]}
    del with_gaps["oracle"].metrics[VERDICT]
    assert "| oracle | – |" in markdown_tables(with_gaps)
    del with_gaps["oracle"].metrics[FAITHFULNESS_SCORE]
    assert "oracle" not in markdown_tables(with_gaps)


def test_changes_are_told_in_sentences_with_their_direction() -> None:
    ppo, grpo, orpo = paired_changes(results()).split("\n\n")
    first, score, verdict = ppo.split("\n")
    assert first == "ppo against sft:"
    assert score.startswith("- faithfulness score 0.04 -> 0.64, +0.60 [0.60, 0.60], above; ")
    assert score.endswith("; intervals separate")
    assert verdict.endswith(
        "0.50 -> 0.50, +0.00 [0.00, 0.00], no clear difference; intervals overlap"
    )
    assert "intervals overlap" in orpo.split("\n")[1]
    assert grpo.startswith("grpo against sft:")
    assert paired_changes({"ppo": result("ppo", 1)}) == ""


def test_a_difference_that_may_be_nothing_is_not_clear() -> None:
    before, after = result("sft", 0.0), result("ppo", 0.0)
    noise = np.random.default_rng(1).normal(size=80)
    noisy = Measure(
        before.measures[FAITHFULNESS_SCORE].values + noise,
        before.measures[FAITHFULNESS_SCORE].users,
    )
    after.measures[FAITHFULNESS_SCORE] = noisy
    score = paired_changes({"sft": before, "ppo": after}).split("\n")[1]
    assert ", no clear difference; " in score
    after.measures[FAITHFULNESS_SCORE] = Measure(noisy.values - 2, noisy.users)
    assert ", below; " in paired_changes({"sft": before, "ppo": after}).split("\n")[1]


def test_reading_shows_the_same_cases_of_all_methods() -> None:
    text = side_by_side(results(), n=3, seed=1)
    cases = text.split("\n\n**")
    assert len(cases) == 3
    for case in cases:
        lines = [line for line in case.split("\n") if line.startswith("- ")]
        assert [line.split("`")[1] for line in lines] == list(results())[1:]  # no rule
        assert len({line.split(" says ")[1] for line in lines}) == 1
    assert side_by_side(results(), seed=1) == text
    assert side_by_side(results(), seed=2) != text
    assert side_by_side({}) == ""


def test_summaries_hold_every_part() -> None:
    plain, markdown = plain_summary(results()), markdown_summary(results())
    assert "**" not in plain
    assert "`" not in plain
    for part in ("ppo against sft:", "ppo says", "faithfulness score"):
        assert part in plain
        assert part in markdown
    assert markdown.count("\n## ") == 2


def test_literature_metrics_are_in_tables_of_one_length_each() -> None:
    made = result("sft", 0.0)
    made.metrics.update({"literature/del/ke_2": 0.25, "literature/cites/ke_2": 0.5})
    text = literature_tables({"sft": made})
    assert "Ke = 2" in text and "Ke = 3" not in text
    assert "| sft | 0.500 | 0.250 |" in text
    assert "at random" in text
    assert text in markdown_summary({"sft": made})
    assert literature_tables(results()) == ""


def test_strata_are_beside_each_other() -> None:
    made = result("sft", 0.0)
    made.metrics.update(
        {f"{FAITHFULNESS_SCORE}/history_long": 0.25, f"{FAITHFULNESS_SCORE}/confidence_low": 0.5}
    )
    text = strata_tables({"sft": made})
    assert "| method | history: long | confidence: low |" in text
    assert "| sft | 0.25 | 0.50 |" in text
    assert text in markdown_summary({"sft": made})
    assert strata_tables(results()) == ""


def test_pressure_is_beside_its_controls() -> None:
    made = result("sft", 0.0)
    made.metrics.update({"pressure/asserted/gave_in": 0.25, "pressure/neutral/flipped": 0.125})
    text = pressure_tables({"sft": made})
    assert "| method | asserted: gave in | neutral: flipped |" in text
    assert "| sft | 0.25 | 0.12 |" in text
    assert "False reasons" not in text
    made.metrics["pressure/mentioned/taken_over"] = 0.5
    text = pressure_tables({"sft": made})
    assert "### False reasons taken over" in text and "| method | mentioned |" in text
    assert text in markdown_summary({"sft": made})
    assert pressure_tables(results()) == ""
