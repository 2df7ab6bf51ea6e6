"""A report against the results it was made from."""

import base64
import hashlib
import json
import re
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from page_reader import PageReader
from small_runs import FAITHFULNESS_SCORE, HOSTILE, USERS, values, write, write_run

from rl_explain.cli import main
from rl_explain.errors import UserError
from rl_explain.evaluation.results import read_results
from rl_explain.report.sections.curves import VALIDATION_SCORE
from rl_explain.report.write import write_report
from rl_explain.tables.table import show
from rl_explain.training import validation

OUTSIDE = re.compile(r"(?:https?:|//[a-z]|@import|url\()", re.IGNORECASE)


POLICY = re.compile(r"Content-Security-Policy\" content=\"([^\"]*)\"")


def read(folder: Path) -> tuple[PageReader, str, str]:
    """The page as parsed, as text, and the Markdown."""
    path = write_report(folder)
    page = path.read_text("utf-8")
    return PageReader(page), page, path.with_suffix(".md").read_text("utf-8")


def markdown_table(text: str, caption: str) -> list[list[str]]:
    lines = unescape(text).split(f"**{caption}**\n\n")[1].split("\n\n")[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def test_a_page_is_whole_and_needs_nothing_else(run: Path, study: Path) -> None:
    for folder in (run, study):
        page, source, _ = read(folder)  # the reader checks that tags are balanced
        assert not OUTSIDE.search(POLICY.sub("", source))
        assert {tag for tag, _ in page.tags}.isdisjoint({"img", "link", "iframe", "object"})
        assert all("src" not in attributes for _, attributes in page.tags)
        ids = page.attributes("id")
        assert len(ids) == len(set(ids))
        links = page.attributes("href")
        assert links and all(link.removeprefix("#") in ids for link in links)
        assert set(page.attributes("aria-labelledby")) <= set(ids)
        levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
        assert levels.count(1) == 1


def test_only_the_script_of_the_page_may_run(run: Path) -> None:
    source = read(run)[1]
    script = source.partition("<script>")[2].partition("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = POLICY.search(source)
    assert policy and policy[1].startswith("default-src 'none';")
    assert f"script-src 'sha256-{digest}';" in policy[1] and len(script) > 1000


def test_two_data_sets_have_chapters_with_ids_of_their_own(study: Path) -> None:
    write_run(study / "games" / "seed_0", 0, {"sft": 0.0})
    page, _, markdown = read(study)
    ids = page.attributes("id")
    assert len(ids) == len(set(ids))
    assert {"demo", "games", "results", "results-2"} <= set(ids)
    assert markdown.count("### Results") == 2


def test_tables_hold_the_numbers_of_the_results(run: Path) -> None:
    page, _, markdown = read(run)
    results = read_results(run / "evaluate")
    header, *rows = page.tables["Explanations"]
    column = header.index("faithfulness score")
    assert [row[0] for row in rows] == ["sft", "ppo", "orpo", "oracle"]
    for row in rows:
        assert row[column] == show(results[row[0]].estimate(FAITHFULNESS_SCORE))
    assert "causes F1" not in header  # no method has a number
    for caption, table in page.tables.items():
        assert [table[0], *table[1:]] == [
            row for i, row in enumerate(markdown_table(markdown, caption)) if i != 1
        ], caption


def test_a_value_without_an_interval_stands_alone(run: Path) -> None:
    header, first, *_ = read(run)[0].tables["Tasks and text"]
    assert first[header.index("distinct-2")] == "0.25"


def test_changes_are_paired_with_sft(run: Path) -> None:
    header, *rows = read(run)[0].tables["Against sft"]
    column = header.index("faithfulness score")
    # Scores of equal cases differ by the gain alone, so every resample gives the same difference.
    assert {row[0]: row[column] for row in rows} == {
        "ppo": "+0.30 * [+0.30, +0.30]",
        "orpo": "-0.10 * [-0.10, -0.10]",
    }


def test_colour_goes_with_size_and_sign(run: Path) -> None:
    page, _, _ = read(run)
    tones = [a["class"] for tag, a in page.tags if tag == "td" and a.get("class")]
    assert "up-4" in tones  # ppo's, the largest of its column
    assert "down-1" in tones  # orpo's, a third of it


def test_faithfulness_by_items_cited(run: Path) -> None:
    header, *rows = read(run)[0].tables["Faithfulness score by items cited"]
    assert header == ["method", "1", "2"]
    odd = values(0, 0.3)[USERS % 2 == 1].mean()
    assert rows[1][1].startswith(f"{odd:.2f} [")


def test_lengths_are_percentiles_of_the_cases(run: Path) -> None:
    rows = read(run)[0].tables["Words of a text: percentiles"]
    expected = [f"{np.percentile(np.arange(len(USERS)), q):g}" for q in (5, 25, 50, 75, 95)]
    assert rows[1] == ["sft", *expected]


def test_validation_scores_and_kl(run: Path) -> None:
    assert VALIDATION_SCORE == validation.VALIDATION_SCORE
    rows = read(run)[0].tables["Validation scores"]
    # 3 nats over 30 tokens; the best score, 0.9, is the one of step 8.
    assert rows[1] == ["ppo", "0", "0.100", "0.900", "8", "0.100"]


def test_a_training_that_a_variant_took_over_is_drawn_once(study: Path) -> None:
    rows = read(study)[0].tables["Validation scores"][1:]
    # The log of the variant's PPO equals its run's, as a copied stage's does.
    assert [row[:2] for row in rows] == [["ppo", "0"], ["ppo", "1"]]
    log = study / "demo" / "seed_0-no_faithfulness" / "ppo" / "log.jsonl"
    log.write_text('{"step": 0, "validation/score": 0.7}\n{"step": 4, "valid')  # still runs
    rows = read(study)[0].tables["Validation scores"][1:]
    assert rows[-1][:4] == ["ppo, no_faithfulness", "0", "0.700", "0.700"]


def test_deletion_curves_where_they_are(run: Path) -> None:
    path = run / "evaluate" / "sft.json"
    data = json.loads(path.read_text())
    data["metrics"] |= {f"literature/del/ke_{n}": n / 10 for n in (10, 2, 1)}
    path.write_text(json.dumps(data))
    page, _, _ = read(run)
    # By number, not by name.
    assert page.tables["Deletion (lower is better)"][0] == ["method", "1", "2", "10"]
    assert "deletion (lower is better)" in page.attributes("aria-label")


def test_what_titles_hold_stays_text(run: Path) -> None:
    page, source, markdown = read(run)
    assert [tag for tag, _ in page.tags].count("script") == 1
    assert "<script>alert" not in source
    assert f"“{HOSTILE}”" in page.text
    assert "<script>" not in markdown
    assert "&lt;script&gt;alert(1)" in markdown


def test_cases_are_paired_and_only_explanations(run: Path) -> None:
    page, source, _ = read(run)
    browser = next(a for _, a in page.tags if "data-methods" in a)
    assert json.loads(browser["data-methods"] or "") == ["sft", "ppo", "orpo", "oracle"]
    assert page.attributes("data-label").count("yes") == 2  # cases 0 and 3 of six
    said = [a for _, a in page.tags if a.get("data-method") == "ppo"]
    shown = [json.loads(a["data-scores"] or "")[0] for a in said]
    assert shown == pytest.approx(values(0, 0.3)[:6].tolist())
    assert "no explanation" not in source
    assert "a prompt that no report shows" not in source


def test_what_made_it(run: Path) -> None:
    facts = {row[0]: row[1] for row in read(run)[0].tables["Provenance"]}
    assert facts["command"] == "rl-explain run <config>"
    assert facts["commit"] == "abc123"
    assert facts["hardware"] == "An Abacus, 2 threads"
    assert facts["packages"] == "torch 9.9"


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    write(tmp_path / "metrics.json", {"evaluate/sft/faithfulness/score": 0.5})
    (tmp_path / "ppo").mkdir()
    (tmp_path / "evaluate").mkdir()
    (tmp_path / "evaluate" / "sft.json").write_text("{")
    page, _, _ = read(tmp_path)
    missing = " ".join(row[1] for row in page.tables["Missing"])
    for part in ("record.json", "config.yaml", "stage ppo", "cannot be read", "Learning curves"):
        assert part in missing
    assert page.tables["Explanations"][1] == ["sft", "0.50"]


def test_a_study_pools_seeds_and_names_the_run_that_failed(study: Path) -> None:
    page, _, _ = read(study)
    header, *rows = page.tables["Explanations"]
    column = header.index("faithfulness score")
    found = {row[0]: row[column] for row in rows}
    both = np.concatenate([values(0, 0.2), values(1, 0.4)]).mean()
    assert found["ppo"].startswith(f"{both:.2f} [")
    assert found["ppo, no_faithfulness"].startswith(f"{values(0, 0.05).mean():.2f} [")
    missing = {row[0]: row[1] for row in page.tables["Missing"]}
    assert "demo/seed_2" in missing
    assert "Pooled over the seeds 0, 1." in page.text
    assert "1 without results" in page.text


def test_a_variant_is_compared_on_its_own_seeds(study: Path) -> None:
    caption = "Variants against the unchanged method"
    header, row = read(study)[0].tables[caption]
    assert row[0] == "ppo, no_faithfulness"
    # Against seed 0 alone, 0.05 less 0.2; against both seeds it would be another number.
    assert row[header.index("faithfulness score")] == "-0.15 * [-0.15, -0.15]"


def test_no_run_and_no_study(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UserError, match="neither a run nor a study"):
        write_report(tmp_path)
    assert main(["report", str(tmp_path / "nowhere")]) == 2
    assert "no folder" in capsys.readouterr().err


def test_the_command_says_where_the_report_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", str(write_run(tmp_path / "r", 0, {"sft": 0.0}))]) == 0
    assert str(tmp_path / "r" / "report.html") in capsys.readouterr().out
