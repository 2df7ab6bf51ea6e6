"""Files next to the weights of a merged checkpoint: its user histories and example answers.

The examples show whether a serving engine respects the checkpoint's generation settings.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from rl_explain.explainer.explainer import Explainer
from rl_explain.pipeline.run import Run
from rl_explain.tasks.tokens import user_token

EXAMPLES, USER_HISTORIES = "examples.jsonl", "user_histories.jsonl"
STORED, TITLES_ONLY = 6, 1
"""How many questions use a stored history's virtual tokens, and how many only titles."""


@dataclass(frozen=True)
class Answer:
    """A line of `examples.jsonl`: a prompt and the adapter's greedy answer."""

    prompt: str
    completion: str


def example_prompts(run: Run, explainer: Explainer) -> list[str]:
    """Questions about the recommender's top item, for evenly spaced test histories."""
    histories = run.user_histories.test or range(len(run.user_histories))
    drawn = np.linspace(0, len(histories) - 1, STORED + TITLES_ONLY).astype(int)
    forms = [explainer.manifest.form] * STORED + ["behaviour"] * TITLES_ONLY
    prompts = []
    for place, form in zip((histories[i] for i in drawn), forms, strict=True):
        history = run.user_histories[place].history
        scores = explainer.recommender.score([history])[0]
        scores[list(history)] = -np.inf
        user, item = user_token(place), int(scores.argmax())
        prompts.append(explainer.prompts.explanation(history, item, 1, form, user))
    return prompts


def ask(explainer: Explainer, prompts: Sequence[str]) -> list[Answer]:
    """The adapter's greedy answers."""
    texts = [answers[0] for answers in explainer.generate(prompts, description="examples")]
    return [Answer(*pair) for pair in zip(prompts, texts, strict=True)]


def write_user_histories(run: Run, folder: Path) -> None:
    """Write `user_histories.jsonl`: each user token with its user id and history titles."""
    titles, user_ids = run.interactions.catalogue.titles, run.interactions.user_ids
    with (folder / USER_HISTORIES).open("w", encoding="utf-8") as file:
        for place, user_history in enumerate(run.user_histories.histories):
            line = {
                "token": user_token(place),
                "user_id": user_ids[user_history.user],
                "history": [titles[row] for row in user_history.history],
            }
            file.write(json.dumps(line, ensure_ascii=False) + "\n")


@torch.no_grad()
def equal_answers(folder: Path, answers: Sequence[Answer]) -> str:
    """How many answers stock classes reproduce from the checkpoint in `folder`: "7 of 7"."""
    model: Any = AutoModelForCausalLM.from_pretrained(folder).eval()
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    equal = 0
    for answer in answers:
        chat = [{"role": "user", "content": answer.prompt}]
        batch = tokenizer.apply_chat_template(
            chat, add_generation_prompt=True, return_tensors="pt", return_dict=True
        )
        ids = model.generate(**batch)[0, batch["input_ids"].shape[1] :]
        equal += tokenizer.decode(ids, skip_special_tokens=True).strip() == answer.completion
    return f"{equal} of {len(answers)}"
