"""The drawing of a study, read back from the file."""

import re
import runpy
from pathlib import Path
from xml.etree import ElementTree

import pytest
from archived_values import SCORE, values

main = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks/figure.py"))["main"]


def text(path: Path) -> str:
    return " ".join(ElementTree.parse(path).getroot().itertext())


def test_the_pooled_values_of_every_data_set(archived: Path, tmp_path: Path) -> None:
    assert main([str(archived), str(tmp_path / "out.svg")]) == 0
    shown = text(tmp_path / "out.svg")
    assert all(name in shown for name in ("demo", "films", "sft", "random (1 of 3 seeds)"))
    mean = (values(0, 0.2).mean() + values(1, 0.4).mean()) / 2
    found = re.search(r"ppo \(2 of 3 seeds\): (-?[\d.]+)", shown)
    assert found and float(found[1]) == pytest.approx(mean, abs=0.005)


def test_nothing_outside_the_file_is_asked_for(archived: Path, tmp_path: Path) -> None:
    main([str(archived), str(tmp_path / "out.svg")])
    written = (tmp_path / "out.svg").read_text("utf-8")
    assert "url(http" not in written and "@import" not in written and "<image" not in written


@pytest.mark.parametrize(("folder", "metric"), [("archive", "no/such"), ("elsewhere", SCORE)])
def test_what_cannot_be_drawn_is_named(
    archived: Path, tmp_path: Path, folder: str, metric: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.svg"
    assert main([str(archived.parent / folder), str(out), "--metric", metric]) == 1
    said = capsys.readouterr().err
    assert ("has no/such" if folder == "archive" else "no cases.parquet") in said
    assert not out.exists()
