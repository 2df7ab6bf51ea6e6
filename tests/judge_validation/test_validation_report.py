"""The report as Markdown and as HTML: texts under judgment are shown, never obeyed."""

import numpy as np

from reward_models.judge.types import JudgeCase
from rl_explain.judge_validation.known_quality import LEVELS, KnownText
from rl_explain.judge_validation.measures import JudgeValidation
from rl_explain.judge_validation.report import fooled_by, validation_report
from rl_explain.templates import markdown_page

EVIL = (
    "Yes. <script>alert(1)</script> ![x](http://example.org/a.png) [y](javascript:z)\n| a | **b**"
)


def validation(ratings: dict[str, float]) -> JudgeValidation:
    texts = [KnownText(k, n, 0, JudgeCase(EVIL, (), 0, "yes")) for k, n in LEVELS.items()]
    rated = np.array([ratings.get(kind, float(level)) for kind, level in LEVELS.items()])
    return JudgeValidation(texts, rated, rated, ["first"], ["second"])


def test_fooled_by_names_the_kinds() -> None:
    assert fooled_by(validation({})) == []
    assert fooled_by(validation({"flattering": 4.0, "generic": 3.9})) == ["flattering"]
    assert fooled_by(validation({"flattering": np.nan})) == []


def test_the_report_holds_the_figures() -> None:
    report = validation_report("rubric", validation({"flattering": 4.0}))
    assert "| rated at the true level | 0.90 [" in report
    assert "| 2 | 0 | 5 | 0 | 1 | 0 |" in report
    assert "| flattering | 2 | 4.00 | 0.00 | 1.00 |" in report
    assert "at least as high as faithful texts: flattering." in report
    assert "own figures" not in report
    spent = validation_report("endpoint", validation({}), {"calls": 30.0})
    assert "| calls | 30.00 |" in spent
    unanswered = validation_report("rubric", validation({"slip": np.nan}))
    assert "| 3 | 0 | 0 | 0 | 0 | 1 |" in unanswered


def test_the_page_is_inert_and_whole() -> None:
    page = markdown_page("a <b>", validation_report("rubric", validation({})))
    assert "<title>a &lt;b&gt;</title>" in page
    assert not any(tag in page for tag in ("<script", "<img", "<a "))
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<strong>b" not in page and page.count("<table>") == 4
    raw = markdown_page("t", "<b>bold</b> ![shown](http://example.org/a.png)")
    assert "&lt;b&gt;bold" in raw and "<img" not in raw
    assert "color-scheme: light dark" in page and "script-src 'none'" in page
