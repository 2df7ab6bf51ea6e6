"""The learned judge: a Bradley-Terry reward model that replaces the judge that taught it.

    P(first preferred) = sigmoid(s(first) - s(second))        (Bradley and Terry 1952)

s is a language model with a scalar head, trained by TRL's RewardTrainer on a teacher's preferences
(`learned_judge`). It reads plain text: the recommender's verdict, the item and the history, with
attributes, and the explanation. It reads no virtual tokens, so any backbone works. Ratings
interpolate linearly between the mean scores of the texts at each of the teacher's levels.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import (
    AutoModelForSequenceClassification,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from reward_models.context import RewardContext
from reward_models.judge.types import JudgeCase, Preference, Rating
from rl_explain.config.settings import TINY, ModelConfig
from rl_explain.errors import UserError
from rl_explain.explainer.language_model import (
    ADAPTER,
    ADAPTER_FILE,
    base_path,
    load_tokenizer,
)
from rl_explain.files import write_json
from rl_explain.progress import track
from rl_explain.teacher.writer import attribute_values

MANIFEST = "judge.json"
AT_ONCE = 64
"""Texts per forward pass."""


@dataclass(frozen=True)
class Scale:
    """Maps scores to levels and preferences.

    scores: mean score of the teacher's texts at each level in `levels`; both ascending.
    tie: largest score difference at which two texts tie.
    """

    scores: Sequence[float]
    levels: Sequence[float]
    tie: float

    @classmethod
    def fit(cls, scores: np.ndarray, ratings: np.ndarray, tie: float) -> "Scale":
        """Fit to scores (N,) and the teacher's ratings (N,) of the same texts.

        If a level's mean score is below that of a lower level, it is raised to it, so that a higher
        score never gives a lower rating.
        """
        levels = np.floor(ratings + 0.5)
        known = np.unique(levels)
        means = np.maximum.accumulate([scores[levels == level].mean() for level in known])
        return cls(means.tolist(), known.tolist(), tie)

    def ratings(self, scores: np.ndarray) -> np.ndarray:
        """The rating (N,) of each score: linear between the levels, constant beyond them."""
        return np.interp(scores, self.scores, self.levels)


class RewardModel:
    """A language model with a scalar head, and the text format of its cases."""

    def __init__(
        self,
        model: PreTrainedModel | PeftModel,
        tokenizer: PreTrainedTokenizerBase,
        context: RewardContext,
    ) -> None:
        self.model = model
        self.tokenizer = tokenizer
        rows = context.attributes or [{}] * len(context.titles)
        brackets = (", ".join(attribute_values(row)) for row in rows)
        self._items = [
            f'"{title}" ({values})' if values else f'"{title}"'
            for title, values in zip(context.titles, brackets, strict=True)
        ]

    @classmethod
    def untrained(cls, config: ModelConfig, context: RewardContext) -> "RewardModel":
        """The base model with a trainable LoRA and head; errors as in `load_backbone`."""
        model, tokenizer = load_backbone(config)
        lora = LoraConfig(
            r=config.lora_rank,
            lora_alpha=config.lora_alpha,
            lora_dropout=0.0,
            target_modules=list(config.lora_targets),
            task_type="SEQ_CLS",  # peft then also trains and saves the head
        )
        return cls(get_peft_model(model, lora), tokenizer, context)

    def encode(self, case: JudgeCase) -> list[int]:
        """Token ids of the model's input; the score is read at the end token."""
        history = "; ".join(self._items[item] for item in case.history)
        text = (
            f"Recommender: {case.label}\nItem: {self._items[case.item]}\nHistory: {history}\n"
            f"Explanation: {case.text}"
        )
        return [*self.tokenizer(text).input_ids, self.tokenizer.eos_token_id]

    @torch.inference_mode()
    def scores(self, cases: Sequence[JudgeCase]) -> np.ndarray:
        """s of each case: (N,) float64, in log-odds; only differences are meaningful."""
        self.model.eval()
        ids = [self.encode(case) for case in cases]
        order = sorted(range(len(ids)), key=lambda row: len(ids[row]))
        scores = np.zeros(len(ids))
        batches = [order[start : start + AT_ONCE] for start in range(0, len(order), AT_ONCE)]
        for rows in track(batches, "reward model", size=len):
            batch = {"input_ids": [ids[row] for row in rows]}
            padded = self.tokenizer.pad(batch, return_tensors="pt").to(self.model.device)
            logits = self.model(**padded, use_cache=False).logits  # (B, 1)
            scores[rows] = logits[:, 0].double().cpu().numpy()
        return scores


class LearnedJudge:
    """Rates and compares explanations by the scores of a reward model."""

    def __init__(self, reward_model: RewardModel, scale: Scale) -> None:
        self._reward_model = reward_model
        self._scale = scale

    @classmethod
    def load(
        cls, folder: Path, context: RewardContext, device: str | None = None
    ) -> "LearnedJudge":
        """The judge that `save` wrote to a folder; on a GPU if there is one, unless `device` says
        otherwise.

        Raises:
            UserError: the folder has no judge.
        """
        if not (folder / MANIFEST).is_file() or not (folder / "adapter" / ADAPTER_FILE).is_file():
            raise UserError(f"no learned judge in {folder}: run `rl-explain judge-train` first.")
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        config = ModelConfig(name=manifest["base"], dtype=manifest["dtype"])
        model, tokenizer = load_backbone(config)
        tuned = PeftModel.from_pretrained(model, str(folder / "adapter"))
        scale = Scale(**manifest["scale"])
        device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        return cls(RewardModel(tuned.to(device), tokenizer, context), scale)

    def save(self, folder: Path, config: ModelConfig, teacher: str) -> None:
        """Write the adapter, as safetensors, and `judge.json`."""
        model = self._reward_model.model
        if config.name == TINY:
            # The base's path is machine-specific.
            model.peft_config[ADAPTER].base_model_name_or_path = TINY
        model.save_pretrained(str(folder / "adapter"))
        manifest = {"base": config.name, "dtype": config.dtype, "teacher": teacher}
        write_json(folder / MANIFEST, manifest | {"scale": asdict(self._scale)})

    def rate(self, cases: Sequence[JudgeCase]) -> list[Rating]:
        """A rating of each explanation, within the range of the teacher's levels."""
        return [float(rating) for rating in self._scale.ratings(self._reward_model.scores(cases))]

    def prefer(self, pairs: Sequence[tuple[JudgeCase, JudgeCase]]) -> list[Preference]:
        """The explanation with the higher score, in either order; a tie if both are close."""
        scores = self._reward_model.scores([case for pair in pairs for case in pair])
        return [self._preferred(gap) for gap in scores[::2] - scores[1::2]]

    def _preferred(self, gap: float) -> Preference:
        if abs(gap) <= self._scale.tie:
            return "tie"
        return "first" if gap > 0 else "second"


def load_backbone(config: ModelConfig) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """The base model with a new scalar head, and its tokenizer, which pads on the right.

    Raises:
        UserError: `config.name` does not load as a reward model.
    """
    tokenizer = load_tokenizer(config.name)
    tokenizer.padding_side = "right"
    try:
        model = AutoModelForSequenceClassification.from_pretrained(
            base_path(config.name),
            num_labels=1,
            dtype=getattr(torch, config.dtype),
            use_safetensors=True,
        )
    except (OSError, ValueError) as error:
        raise UserError(
            f"model.name is {config.name!r}, which does not load as a reward model: {error}"
        ) from None
    model.config.get_text_config().pad_token_id = tokenizer.pad_token_id
    return model, tokenizer
