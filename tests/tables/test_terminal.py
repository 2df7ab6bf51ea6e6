"""Tables on a terminal: nothing is cut off, whatever the width."""

import re

import pytest

from rl_explain.tables.terminal import terminal_table

CELL = "0.84 [0.81, 0.87]"
HEADER = ["method", *(f"some metric {i}" for i in range(8))]
ROWS = [[name, *[CELL] * 8] for name in ("a base (with a longer name)", "contribution_dot")]


@pytest.mark.parametrize("width", [60, 100, 130, 400])
def test_every_number_is_whole_and_lines_fit(width: int) -> None:
    text = terminal_table(HEADER, ROWS, width)
    assert text.count(CELL) == 16
    assert max(map(len, text.split("\n"))) <= width
    assert text.count("contribution_dot") == text.count("method")
    words = re.findall("metric [0-9]|[0-9](?= |$)", text.replace("\n", " "))
    assert len(words) >= 8
    assert "…" not in text


def test_all_columns_share_a_table_where_there_is_room() -> None:
    assert terminal_table(HEADER, ROWS, 400).count("method") == 1
    assert terminal_table(HEADER, ROWS, 100).count("method") > 1


def test_brackets_are_text_and_no_colour_is_written() -> None:
    text = terminal_table(["m", "x"], [["[red]a[/red]", "[1, 2]"]])
    assert "[red]a[/red]" in text and "[1, 2]" in text
    assert "\x1b" not in text
    assert terminal_table(["m", "x"], []) == ""
