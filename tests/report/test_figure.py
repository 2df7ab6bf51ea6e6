"""The drawing of a study, read back from the file."""

import re
import runpy
from pathlib import Path
from xml.etree import ElementTree

import pytest
from small_runs import FAITHFULNESS_SCORE, values, write_run

main = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks/figure.py"))["main"]
SVG = "{http://www.w3.org/2000/svg}"


def test_a_panel_a_data_set_with_the_pooled_values(study: Path, tmp_path: Path) -> None:
    write_run(study / "films" / "seed_0", 0, {"sft": 0.1, "random": -0.2})
    write_run(study / "demo" / "seed_2", 2, {"sft": 0.0})
    assert main([str(study), str(tmp_path / "out.svg")]) == 0
    root = ElementTree.parse(tmp_path / "out.svg").getroot()
    rows = [title.text or "" for title in root.iter(f"{SVG}title")]
    assert [row.partition(":")[0] for row in rows] == ["sft", "ppo (2 of 3 seeds)", "sft", "random"]
    mean = (values(0, 0.2).mean() + values(1, 0.4).mean()) / 2
    shown = re.search(r": (-?[\d.]+)", rows[1])
    assert shown and float(shown[1]) == pytest.approx(mean, abs=0.005)


def test_panels_stand_side_by_side(study: Path, tmp_path: Path) -> None:
    write_run(study / "films" / "seed_0", 0, {"sft": 0.1})
    main([str(study), str(tmp_path / "out.svg")])
    root = ElementTree.parse(tmp_path / "out.svg").getroot()
    width = float(root.attrib["viewBox"].split()[2])
    left = {text.text: float(text.attrib["x"]) for text in root.iter(f"{SVG}text")}
    assert left["demo"] < width / 2 < left["films"] < width


def test_the_file_brings_every_colour_that_it_names(study: Path, tmp_path: Path) -> None:
    main([str(study), str(tmp_path / "out.svg")])
    text = (tmp_path / "out.svg").read_text("utf-8")
    named = set(re.findall(r"var\(--([a-z0-9]+)\)", text))
    assert {"s0", "s1", "ink"} <= named
    assert all(f"--{name}: #" in text for name in named)


def test_nothing_outside_the_file_is_asked_for(study: Path, tmp_path: Path) -> None:
    main([str(study), str(tmp_path / "out.svg")])
    text = (tmp_path / "out.svg").read_text("utf-8")
    assert "href" not in text and "url(" not in text and "@import" not in text


@pytest.mark.parametrize("metric", [FAITHFULNESS_SCORE, "no/such"])
def test_what_cannot_be_drawn_is_named(
    run: Path, tmp_path: Path, metric: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(run), str(tmp_path / "out.svg"), "--metric", metric]) == 1
    assert f"{metric} is measured nowhere" in capsys.readouterr().err
    assert not (tmp_path / "out.svg").exists()
