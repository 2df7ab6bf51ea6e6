"""Preference pairs: several samples a prompt, scored by the composite, best against a worse one."""

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from reward_models.composite import CompositeResult
from reward_models.types import Score
from rl_explain.errors import UserError
from rl_explain.tasks.examples import Example
from rl_explain.training.logs import SAMPLES_FILE, plain
from rl_explain.training.pairs_settings import PairsSettings
from rl_explain.training.samples import Samples

PAIRS_FILE = "pairs.jsonl"


@dataclass(frozen=True)
class Pair:
    """A prompt in the model's own format, two completions and their composite rewards."""

    prompt: str
    chosen: str
    rejected: str
    chosen_reward: float
    rejected_reward: float


def build_pairs(
    samples: Samples,
    result: CompositeResult,
    examples: Sequence[Example],
    prompts: Sequence[str],
    settings: PairsSettings,
    folder: Path,
) -> dict[str, float]:
    """Pair the samples; write `samples.jsonl` and `pairs.jsonl`; return flat metrics.

    A prompt gives a pair when its best and its worst sample lie `settings.margin` apart.

    Args:
        samples: `settings.samples` of each example.
        result: what the composite reward says of them.
        prompts: of the examples, in the model's own format.

    Raises:
        UserError: no sample got a score, or no two are far enough apart.
    """
    _write_samples(folder, samples, result, examples, settings.samples)
    pairs = []
    for row, prompt in enumerate(prompts):
        start = row * settings.samples
        rows = slice(start, start + settings.samples)
        # Training would put an end behind a text that was cut off.
        ended = zip(result.total[rows], samples.ended[rows], strict=True)
        scores = [score if whole else None for score, whole in ended]
        texts = samples.completions[rows]
        pair = best_against(settings.rejected, prompt, texts, scores, settings.margin)
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
    ended_share = sum(samples.ended) / len(samples.ended)
    return {
        "prompts": len(prompts),
        "completions": len(samples.completions),
        "tokens": sum(samples.tokens),
        "pairs": len(pairs),
        "ended": ended_share,
        **result.summary(),
    }


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
    """Share of words that both have in the same order, 0 to 1."""
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
    samples: Samples,
    result: CompositeResult,
    examples: Sequence[Example],
    each: int,
) -> None:
    columns = {"total": result.total, **result.terms}
    with (folder / SAMPLES_FILE).open("w", encoding="utf-8") as file:
        for i, text in enumerate(samples.completions):
            number = i // each
            row = {"number": number, "prompt": examples[number].prompt, "completion": text}
            values = {name: plain(scores[i]) for name, scores in columns.items()}
            file.write(json.dumps(row | values, ensure_ascii=False) + "\n")
