"""Markdown tables and escapes, read back by a Markdown parser."""

from markdown_it import MarkdownIt

from rl_explain.tables.markdown import escape, markdown_table

EVIL = "a | b `c` <b>d</b> **e** [f](g) \\ &lt;\nsecond #line"


def test_cells_stay_in_their_cell() -> None:
    html = MarkdownIt("gfm-like", {"linkify": False}).render(
        markdown_table(["x", "y|z"], [["1 | 2", "3\n4"], ["p < 0.05", "<0.001"]])
    )
    assert html.count("<tr>") == 3 and html.count("<td>") == 4
    assert "<td>1 | 2</td>" in html and "<td>3 4</td>" in html and "<th>y|z</th>" in html
    assert "<td>p &lt; 0.05</td>" in html and "<td>&lt;0.001</td>" in html
    assert markdown_table(["x"], []) == ""


def test_a_cell_begins_no_tag_and_no_code() -> None:
    html = MarkdownIt("gfm-like", {"linkify": False}).render(
        markdown_table(["x", "y"], [["<b>bold</b>", "a ` b ` c"]])
    )
    assert "<b>" not in html and "<code>" not in html


def test_escaped_text_reads_as_it_is_also_in_a_cell() -> None:
    reader = MarkdownIt("gfm-like", {"linkify": False})
    shown = "a | b `c` &lt;b&gt;d&lt;/b&gt; **e** [f](g) \\ &amp;lt; second #line"
    assert shown in reader.render(escape(EVIL))
    assert f"<td>{shown}</td>" in reader.render(markdown_table(["x"], [[escape(EVIL)]]))
