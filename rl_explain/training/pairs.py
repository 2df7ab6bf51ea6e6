"""Preference pairs: the best of a prompt's samples, by composite reward, and a worse one."""

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
    """A prompt in the model's format, two completions and their composite rewards."""

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

    A prompt gives a pair if its best and worst samples differ by at least `settings.margin`.

    Args:
        samples: `settings.samples` completions per example.
        result: their composite rewards.
        prompts: the examples' prompts in the model's format.

    Raises:
        UserError: no sample got a score, or no two differ enough.
    """
    _write_samples(folder, samples, result, examples, settings.samples)
    pairs = []
    for row, prompt in enumerate(prompts):
        start = row * settings.samples
        rows = slice(start, start + settings.samples)
        # Training would append an end token to a truncated text.
        totals = zip(result.total[rows], samples.ended[rows], strict=True)
        scores = [score if ended else None for score, ended in totals]
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
            f"no samples of a prompt differ by training.pairs.margin={settings.margin}: lower it, "
            "or raise training.pairs.samples or training.pairs.temperature."
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
    """The text with the best score and a worse one; `None` if none is at least `margin` worse.

    Texts with equal scores never form a pair, whatever the margin. Texts without a score (`None`,
    `FAILED`) are ignored.

    Args:
        rejected: `worst`, or `closest`: of the texts that are `margin` worse, the one that shares
            most words with the best, so that a pair differs in what the score measures.
    """
    scored = [(s, t) for s, t in zip(scores, texts, strict=True) if isinstance(s, float)]
    if not scored:
        return None
    top, best = max(scored, key=lambda x: x[0])
    worse = [(s, t) for s, t in scored if s < top and top - s >= margin]
    if not worse:
        return None
    if rejected == "closest":
        score, text = max(worse, key=lambda x: (_similarity(best, x[1]), -x[0]))
    else:
        score, text = min(worse, key=lambda x: x[0])
    return Pair(prompt, best, text, top, score)


def _similarity(a: str, b: str) -> float:
    """Share of words that both have in the same order, 0 to 1."""
    return SequenceMatcher(None, a.split(), b.split(), autojunk=False).ratio()


def read_pairs(folder: Path) -> list[Pair]:
    """The pairs that `build_pairs` wrote; `UserError` if there are none."""
    return [Pair(**row) for row in _read_lines(folder / PAIRS_FILE)]


def preference_rows(pairs: Sequence[Pair]) -> list[dict[str, str]]:
    """The pairs in the format of TRL's preference trainers."""
    return [{"prompt": p.prompt, "chosen": p.chosen, "rejected": p.rejected} for p in pairs]


def read_samples(folder: Path) -> list[dict[str, Any]]:
    """The samples that `build_pairs` wrote; `UserError` if there are none.

    Keys: `number` (the prompt's, from 0), `prompt`, `completion`, `total` and every term.
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
