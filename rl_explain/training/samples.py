"""Sampled completions and what every reward term said of them, kept for other mixtures of terms.

What was sampled depends on the model and the questions, what a term says on the texts, never on
weights: another mixture weighs the same scores anew, and samples nothing.
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
"""Sub-folder of a stage; its files are named after what they were sampled from."""


@dataclass
class Samples:
    """Completions of some prompts, those of a prompt beside each other.

    ended: whether a completion ended by itself; tokens: how many it took.
    scores: by name of a term, one a completion, no `FAILED` among them.
    scored_by: what the scores depend on, beside the texts.
    """

    completions: list[str]
    ended: list[bool]
    tokens: list[int]
    scores: dict[str, list[Score]] = field(default_factory=dict)
    scored_by: str = ""

    def rewards(self, rewards: Mapping[str, Reward], scored_by: str) -> dict[str, Reward]:
        """`rewards` for these completions as one batch: what was scored before is not asked again.

        Args:
            scored_by: of the rewards; scores that depended on anything else are dropped.
        """
        if self.scored_by != scored_by:
            self.scores, self.scored_by = {}, scored_by
        return {name: self._remembering(name, reward) for name, reward in rewards.items()}

    def _remembering(self, name: str, reward: Reward) -> Reward:
        def answer(completions: Sequence[str], **columns: object) -> list[Score]:
            if name in self.scores:
                return self.scores[name]
            scores = list(reward(completions, **columns))
            if not any(score is FAILED for score in scores):  # else another time may do better
                self.scores[name] = scores
            return scores

        return answer

    def save(self, path: Path) -> None:
        """Write the file whole, or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, vars(self))

    @classmethod
    def load(cls, path: Path) -> "Samples | None":
        """What `save` left; `None` where there is none."""
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
    """`samples` completions of each question, with the prompts' titles alone if `constrained`."""
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
    """For each question the best of its `n` samples, which are adjacent; the first one of equals.

    Samples without a score are chosen last.
    """
    scores = [total if isinstance(total, float) else float("-inf") for total in totals]
    starts = range(0, len(completions), n)
    return [completions[max(range(i, i + n), key=scores.__getitem__)] for i in starts]
