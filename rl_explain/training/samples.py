"""Sampled completions and their scores by every reward term, kept for other reward weights.

Samples depend on the model and the questions, and a term's scores on the texts. Neither depends on
the reward weights, so runs with other weights reuse both.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from reward_models.types import FAILED, Reward, Score
from rl_explain.explainer.explainer import Explainer
from rl_explain.files import write_json
from rl_explain.tasks.examples import Example

FOLDER = "samples"
"""Subfolder of a stage; its files are named after what was sampled."""


@dataclass
class Samples:
    """Completions of some prompts; those of the same prompt are adjacent.

    ended: whether each completion ended by itself; tokens: its length.
    scores: by name of a term, one per completion, never `FAILED`.
    scored_by: what the scores depend on besides the texts.
    """

    completions: list[str]
    ended: list[bool]
    tokens: list[int]
    scores: dict[str, list[Score]] = field(default_factory=dict)
    scored_by: str = ""

    def rewards(self, rewards: Mapping[str, Reward], scored_by: str) -> dict[str, Reward]:
        """`rewards` for these completions as one batch; saved scores are not computed again.

        Args:
            scored_by: what these rewards depend on; saved scores with another value are dropped.
        """
        if self.scored_by != scored_by:
            self.scores, self.scored_by = {}, scored_by
        return {name: self._remembering(name, reward) for name, reward in rewards.items()}

    def _remembering(self, name: str, reward: Reward) -> Reward:
        def answer(completions: Sequence[str], **columns: object) -> list[Score]:
            if name in self.scores:
                return self.scores[name]
            scores = list(reward(completions, **columns))
            if not any(score is FAILED for score in scores):  # a retry may succeed
                self.scores[name] = scores
            return scores

        return answer

    def save(self, path: Path) -> None:
        """Write the file atomically."""
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, vars(self))

    @classmethod
    def load(cls, path: Path) -> "Samples | None":
        """The samples that `save` wrote; `None` if there are none."""
        return cls(**json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else None


def draw_samples(
    explainer: Explainer,
    examples: Sequence[Example],
    samples: int,
    *,
    temperature: float,
    max_new_tokens: int,
    seed: int,
    description: str,
    constrained: bool = False,
) -> Samples:
    """`samples` completions per question; if `constrained`, only prompt titles are quoted."""
    answers = explainer.generate(
        [example.prompt for example in examples],
        temperature=temperature,
        num_return_sequences=samples,
        max_new_tokens=max_new_tokens,
        seed=seed,
        description=description,
        constrained=constrained,
    )
    texts = [answer for several in answers for answer in several]
    return Samples(
        [str(text) for text in texts], [text.ended for text in texts], [t.tokens for t in texts]
    )


def best_of_n(completions: Sequence[str], totals: Sequence[Score], n: int) -> list[str]:
    """The best of each question's `n` adjacent samples; the first of equals.

    Samples without a score are chosen last.
    """
    scores = [total if isinstance(total, float) else float("-inf") for total in totals]
    starts = range(0, len(completions), n)
    return [completions[max(range(i, i + n), key=scores.__getitem__)] for i in starts]
