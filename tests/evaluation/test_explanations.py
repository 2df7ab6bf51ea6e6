"""What explanations say, on texts whose truth is plain to see."""

from dataclasses import replace

import numpy as np
import pytest
from small_world import World

from rl_explain.evaluation.explanations import grounding, verdict_and_citations

TEXTS = (
    'Yes. It is close to "{0}" and "{1}".',  # both in the history
    'No. It is unlike "{0}" and "{9}".',  # the second is not in the history
    "Yes. It simply fits.",
    'No. Nothing supports "{6}".',  # names the target only
    'Yes. No. It is close to "No Such Title".',
    'Yes. "{0}" is seafaring, "{1}" is seafaring too.',  # true of item 0, not of item 1
)
EXAMPLE_HISTORY, TARGET = (0, 1, 2, 3), 6


def columns(world: World) -> dict[str, np.ndarray]:
    texts = [text.format(*(t for t in world.context.titles)) for text in TEXTS]
    example = replace(world.examples[0], history=EXAMPLE_HISTORY, item=TARGET, label="yes")
    readings, examples = [world.context.read(text) for text in texts], [example] * len(texts)
    said = verdict_and_citations(readings, examples)
    return said | grounding(readings, examples, world.context)


def test_verdicts_and_citations(world: World) -> None:
    found = columns(world)
    assert found["explanation/verdict_accuracy"].tolist() == [1, 0, 1, 0, 0, 1]
    assert found["explanation/names_item"].tolist() == [0, 0, 0, 1, 0, 0]
    assert found["explanation/citations"].tolist() == [2, 1, 0, 0, 0, 2]
    nan = np.nan
    assert found["explanation/cites"] == pytest.approx([1, nan, 0, nan, nan, 1], nan_ok=True)


def test_grounding_leaves_out_texts_that_name_nothing(world: World) -> None:
    found = columns(world)
    assert found["grounding/none"].tolist() == [0, 0, 1, 1, 0, 0]
    titles = [1, 0.5, np.nan, np.nan, 0, 1]
    assert found["grounding/titles"] == pytest.approx(titles, nan_ok=True)
    assert found["grounding/precision"][:5] == pytest.approx(titles[:5], nan_ok=True)
    assert np.isnan(found["grounding/claims"][:5]).all()
    assert 0 < found["grounding/claims"][5] < 1
    assert 0.5 < found["grounding/precision"][5] < 1
