"""The tables that pages quote, against means and differences taken by hand."""

import re
import runpy
from pathlib import Path

import pytest
from archived_values import NOTE, values

ROOT = Path(__file__).parents[2]
SCRIPT = runpy.run_path(str(ROOT / "benchmarks/readme_figures.py"))
LARGEST_FOLDER, LARGEST_FILE = 3 << 20, 1 << 20


@pytest.fixture
def page(archived: Path) -> str:
    return str(SCRIPT["study_figures"](archived))


def row(page: str, *begins: str) -> list[str]:
    cells = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("|")]
    [found] = [line for line in cells if line[: len(begins)] == list(begins)]
    return found


def test_means_are_over_seeds_with_the_number_of_them(page: str) -> None:
    table = page.partition("## Faithfulness score")[2].partition("##")[0]
    _, embedded, films = row(table, "ppo")
    mean = (values(0, 0.2).mean() + values(1, 0.4).mean()) / 2
    assert embedded.endswith("(2)") and films == "–"
    assert float(embedded.split()[0]) == pytest.approx(mean, abs=0.0015)


def test_a_difference_is_paired_and_above_when_every_seed_agrees(page: str) -> None:
    found = row(page, "faithfulness score", "ppo", "sft")
    assert found[3].startswith("+0.250 [") and found[4] == "above"
    assert found[-1] == "+0.20, +0.30"


def test_a_method_with_a_note_is_marked_and_compared_with_nothing(page: str) -> None:
    assert f"- `best_of_n`: {NOTE}" in page and "best_of_n (see note)" in page
    assert not re.search(r"^\| faithfulness score \| best_of_n \| sft", page, re.MULTILINE)


def test_the_share_of_the_gap_is_taken_on_the_seeds_that_have_both(page: str) -> None:
    start = (values(0, 0.0).mean() + values(1, 0.1).mean()) / 2
    assert row(page, "faithfulness score", "ppo", f"{0.25 / (1 - start):.0%}")


def test_texts_that_name_too_few_titles_are_counted(page: str) -> None:
    section = page.partition("### Text properties")[2].partition("###")[0]
    assert "fewer titles than asked" in section and "| ppo | 0.250 [" in section


def test_validation_scores_are_printed(page: str) -> None:
    section = page.rpartition("### Validation users")[2]
    assert row(section, "seed_0", "ppo", "0.250, 0.500")


def test_committed_results_stay_small() -> None:
    sizes = [path.stat().st_size for path in (ROOT / "benchmarks/results").rglob("*.*")]
    assert sum(sizes) <= LARGEST_FOLDER and max(sizes) <= LARGEST_FILE


def test_every_committed_study_has_its_files() -> None:
    for table in (ROOT / "benchmarks/results").glob("*/cases.parquet"):
        names = {path.name for path in table.parent.iterdir()}
        assert names >= {"study.yaml", "record.json", "texts.jsonl"}
