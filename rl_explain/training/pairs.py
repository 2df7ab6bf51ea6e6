"""Preference pairs: several samples a prompt, scored by the composite, best against a worse one."""

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from reward_models.composite import Composite
from reward_models.types import Score
from rl_explain.alignment.examples import Example, columns
from rl_explain.alignment.explainer import Explainer
from rl_explain.config import PairsSettings
from rl_explain.errors import UserError

PAIRS_FILE = "pairs.jsonl"
SAMPLES_FILE = "samples.jsonl"


@dataclass(frozen=True)
class Pair:
    """A prompt in the model's own format, two completions and their composite rewards."""

    prompt: str
    chosen: str
    rejected: str
    chosen_reward: float
    rejected_reward: float


def build_pairs(
    explainer: Explainer,
    examples: Sequence[Example],
    composite: Composite,
    settings: PairsSettings,
    folder: Path,
    seed: int,
) -> dict[str, float]:
    """Sample, score and pair; write `samples.jsonl` and `pairs.jsonl`; return flat metrics.

    A prompt gives a pair when its best and its worst sample lie `settings.margin` apart.
    """
    examples = examples[: settings.prompts]
    answers = explainer.generate(
        [example.prompt for example in examples],
        temperature=settings.temperature,
        num_return_sequences=settings.samples,
        seed=seed,
        description="pairs",
    )
    ended = [text.ended for texts in answers for text in texts]
    repeated = [example for example in examples for _ in range(settings.samples)]
    completions = [text for texts in answers for text in texts]
    result = composite(completions, **columns(repeated))
    numbers = [number for number in range(len(examples)) for _ in range(settings.samples)]
    terms = {"total": result.total, **result.terms}
    _write_samples(folder, numbers, repeated, completions, terms)
    prompts = explainer.format([example.prompt for example in examples])
    pairs = []
    for row, prompt in enumerate(prompts):
        start = row * settings.samples
        rows = range(start, start + settings.samples)
        # Training would put an end behind a text that was cut off.
        scores = [result.total[i] if ended[i] else None for i in rows]
        pair = best_against(settings.rejected, prompt, answers[row], scores, settings.margin)
        pairs += [pair] if pair else []
    if not any(isinstance(score, float) for score in result.total):
        raise UserError(
            "no sample got a score: give a term that scores explanations a weight, such as "
            "rewards.weights.faithfulness=1."
        )
    if not pairs:
        raise UserError(
            f"no pair of samples lies training.pairs.margin={settings.margin} apart: lower it, or "
            "raise training.pairs.samples or training.pairs.temperature."
        )
    lines = [json.dumps(dataclasses.asdict(pair), ensure_ascii=False) for pair in pairs]
    (folder / PAIRS_FILE).write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    shares = {"ended": sum(ended) / len(ended)}
    counts = {"prompts": len(prompts), "completions": len(completions), "pairs": len(pairs)}
    return counts | shares | result.summary()


def best_against(
    rejected: str, prompt: str, texts: Sequence[str], scores: Sequence[Score], margin: float
) -> Pair | None:
    """The best scored text and a worse one, or `None` when none is at least `margin` worse.

    Texts of equal scores are no pair, whatever the margin.
    Texts without a score (`None`, `FAILED`) are in no pair.

    Args:
        rejected: `worst`, or `closest`: of those that are `margin` worse the one that shares most
            words with the best, so that a pair differs in what the score is about.
    """
    scored = [(s, t) for s, t in zip(scores, texts, strict=True) if isinstance(s, float)]
    if not scored:
        return None
    top, best = max(scored, key=lambda x: x[0])
    worse = [(s, t) for s, t in scored if s < top and top - s >= margin]
    if not worse:
        return None
    if rejected == "closest":
        score, text = max(worse, key=lambda x: (_likeness(best, x[1]), -x[0]))
    else:
        score, text = min(worse, key=lambda x: x[0])
    return Pair(prompt, best, text, top, score)


def _likeness(a: str, b: str) -> float:
    """Share of words that stand in both in the same order, 0 to 1."""
    return SequenceMatcher(None, a.split(), b.split(), autojunk=False).ratio()


def read_pairs(folder: Path) -> list[Pair]:
    """The pairs that `build_pairs` wrote; `UserError` when there are none."""
    return [Pair(**row) for row in _read_lines(folder / PAIRS_FILE)]


def preference_rows(pairs: Sequence[Pair]) -> list[dict[str, str]]:
    """The pairs as TRL's preference trainers read them."""
    return [{"prompt": p.prompt, "chosen": p.chosen, "rejected": p.rejected} for p in pairs]


def read_samples(folder: Path) -> list[dict[str, Any]]:
    """What `build_pairs` sampled: for each completion `number` (of its prompt, from 0), `prompt`,
    `completion`, `total` and every term; `UserError` when there are none.
    """
    return _read_lines(folder / SAMPLES_FILE)


def _read_lines(path: Path) -> list[dict[str, Any]]:
    if not path.is_file():
        raise UserError(f"no {path.name} in {path.parent}: run the pairs stage first.")
    return [json.loads(line) for line in path.read_text("utf-8").split("\n") if line]


def _write_samples(
    folder: Path,
    numbers: Sequence[int],
    examples: Sequence[Example],
    completions: Sequence[str],
    terms: dict[str, list[Score]],
) -> None:
    rows = zip(numbers, examples, completions, strict=True)
    with (folder / SAMPLES_FILE).open("w", encoding="utf-8") as file:
        for i, (number, example, text) in enumerate(rows):
            values = {name: _plain(scores[i]) for name, scores in terms.items()}
            row = {"number": number, "prompt": example.prompt, "completion": text} | values
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _plain(score: Score) -> float | str | None:
    return score if score is None or isinstance(score, float) else repr(score)
