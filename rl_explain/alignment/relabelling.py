"""Questions as another recommender would have them answered."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from reward_models.percentile import label, percentile
from rl_explain.alignment.examples import Example
from rl_explain.recommenders.protocol import Recommender


def relabelled(examples: Sequence[Example], recommender: Recommender) -> list[Example]:
    """The examples with the verdicts of another recommender; where it has none, left out."""
    asked = [e for e in examples if e.item is not None and e.label is not None]
    scores = recommender.score([e.history for e in asked])
    shares = percentile(scores, np.array([e.item for e in asked]), [e.history for e in asked])
    labels = dict(zip(map(id, asked), map(label, shares), strict=True))
    return [
        replace(e, label=labels[id(e)]) if id(e) in labels else e
        for e in examples
        if labels.get(id(e), e) is not None
    ]
