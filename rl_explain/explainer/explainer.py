"""The explainer: a language model with an adapter, the recommender it explains, and its prompts."""

import json
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, overload

import numpy as np
from peft import PeftModel
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from reward_models.context import RewardContext
from reward_models.faithfulness import most_cited
from reward_models.perturb.measures import label, percentile
from reward_models.types import History
from rl_explain.data.catalogue import Catalogue
from rl_explain.errors import UserError
from rl_explain.explainer import generation
from rl_explain.explainer.checksums import replacing, verify_checksums
from rl_explain.explainer.constrained_decoding import TitleConstraint
from rl_explain.explainer.embedding_tables import EmbeddingTables
from rl_explain.explainer.generation import keep_prompt_format
from rl_explain.explainer.language_model import (
    base_fingerprint,
    load_adapter,
    load_base,
    load_tokenizer,
    save_adapter,
    title_constraint,
)
from rl_explain.explainer.virtual_tokens import NUM_SLOTS, extend_tokenizer, fill_slots
from rl_explain.recommenders.frozen import FrozenRecommender
from rl_explain.tasks.prompts import Prompts
from rl_explain.tasks.tokens import slot_token
from rl_explain.tasks.user_histories import MIN_DISTINCT

MANIFEST = "explainer.json"
FORMAT = 2
"""Format version of an adapter's files; version 0.1 wrote format 1 without naming it."""
CATALOGUE = "catalogue.json"
TOKENIZER = "tokenizer"
"""Folder of an export's tokenizer. It is separate because `peft` resizes a base model's embedding
to a tokenizer next to an adapter."""


@dataclass(frozen=True)
class Manifest:
    """What an adapter belongs to and how to prompt it; saved next to its weights."""

    base: str
    base_fingerprint: str
    dtype: str
    recommender: str
    catalogue: str
    form: str
    verdict: str
    show_attributes: bool
    max_new_tokens: int
    format: int = FORMAT

    def save(self, folder: Path) -> None:
        """Write `explainer.json`."""
        (folder / MANIFEST).write_text(json.dumps(asdict(self), indent=2) + "\n")

    @classmethod
    def load(cls, folder: Path) -> "Manifest":
        """The manifest in `folder`; `UserError` if it is missing or unreadable."""
        path = folder / MANIFEST
        if not path.is_file() and (folder / "generation_config.json").is_file():
            raise UserError(
                f"{folder} is a merged checkpoint, to be loaded with plain transformers: export "
                "the adapter, without --merge."
            )
        if not path.is_file():
            raise UserError(
                f"no {MANIFEST} in {folder}: give a folder that `rl-explain export` wrote, or a "
                "run's STAGE/adapter."
            )
        try:
            values = json.loads(path.read_text())
            if values.get("format", 1) != FORMAT:
                raise UserError(
                    f"{path} has the format of another version of rl_explain (0.1 wrote "
                    "banks.safetensors, which is now embedding_tables.safetensors): train and "
                    "export again with this version."
                )
            return cls(**values)
        except UserError:
            raise
        except (ValueError, TypeError) as error:
            raise UserError(f"{path} cannot be read ({error}): export the adapter again.") from None


def read_catalogue(folder: Path) -> Catalogue:
    """The catalogue of an exported adapter."""
    text = (folder / CATALOGUE).read_text(encoding="utf-8")
    return Catalogue.from_json(json.loads(text))


@dataclass(frozen=True)
class Explanation:
    """One explanation and the recommender's own view of the case.

    `percentile` is the item's, in [0, 1]. `label` is the recommender's verdict, or "no clear
    verdict" between the thresholds. `verdict` is the text's: yes, no, missing or contradictory.
    `cited` are the cited titles of the history.
    """

    item: str
    text: str
    verdict: str
    cited: list[str]
    percentile: float
    label: str


class Explainer:
    """Explains a frozen recommender for any history, including those of new users."""

    def __init__(
        self,
        model: PreTrainedModel | PeftModel,
        tokenizer: PreTrainedTokenizerBase,
        catalogue: Catalogue,
        recommender: FrozenRecommender,
        tables: EmbeddingTables,
        manifest: Manifest,
    ) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self.catalogue = catalogue
        self.recommender = recommender
        self.embedding_tables = tables
        self.manifest = manifest
        self.prompts = Prompts(
            catalogue, manifest.show_attributes, manifest.verdict, contributions=tables.places > 0
        )
        self.context = RewardContext(catalogue.titles, catalogue.attributes, recommender)
        # Slots are shared: concurrent requests must not overwrite each other's.
        self._slots = threading.Lock()

    @classmethod
    def from_pretrained(cls, folder: str | Path, device: str = "cpu") -> "Explainer":
        """Load the explainer of an exported adapter.

        Raises:
            UserError: a file is missing or differs from the export, or base model, recommender,
                catalogue and adapter do not belong together.
        """
        folder = Path(folder)
        manifest = Manifest.load(folder)
        verify_checksums(folder)
        catalogue = read_catalogue(folder)
        recommender = FrozenRecommender.load(folder / "recommender", catalogue, device)
        explainer = cls.load(
            manifest, folder, catalogue, recommender, EmbeddingTables.load(folder), device
        )
        explainer.tokenizer = load_tokenizer(str(folder / TOKENIZER))
        return explainer

    @classmethod
    def load(
        cls,
        manifest: Manifest,
        adapter: Path,
        catalogue: Catalogue,
        recommender: FrozenRecommender,
        tables: EmbeddingTables,
        device: str = "cpu",
    ) -> "Explainer":
        """Load the explainer of the adapter in folder `adapter`.

        Raises:
            UserError: the adapter was trained on another base model, recommender or catalogue.
        """
        model, tokenizer = load_base(
            manifest.base, manifest.dtype, tables.item_table, tables.user_table
        )
        found = {
            "base model": (manifest.base_fingerprint, base_fingerprint(model)),
            "recommender": (manifest.recommender, recommender.fingerprint),
            "catalogue": (manifest.catalogue, catalogue.fingerprint),
        }
        for name, (expected, actual) in found.items():
            if expected != actual:
                raise UserError(
                    f"the adapter belongs to another {name} (fingerprint {expected[:12]}, here "
                    f"{actual[:12]}): give the {name} it was trained with, or train it again."
                )
        tuned = load_adapter(model, adapter).to(device)
        return cls(tuned, tokenizer, catalogue, recommender, tables, manifest)

    def generate(
        self, prompts: Sequence[str], *, constrained: bool = False, **options: Any
    ) -> list[list[generation.Answer]]:
        """Answers to plain prompts, one list per prompt.

        Args:
            constrained: whether answers can quote only titles of their prompts.
            options: passed to `generation.generate`.
        """
        options.setdefault("max_new_tokens", self.manifest.max_new_tokens)
        if constrained:
            options["titles"] = self._constraint.of(prompts)
        return generation.generate(self.model, self.tokenizer, self.format(prompts), **options)

    @cached_property
    def _constraint(self) -> TitleConstraint:
        return title_constraint(self.model, self.manifest.base)

    def answer_logits(self, prompts: Sequence[str], answers: Sequence[str]) -> Tensor:
        """Logits of the first token of each answer: (prompts, answers)."""
        return generation.answer_logits(self.model, self.tokenizer, self.format(prompts), answers)

    def format(self, prompts: Sequence[str]) -> list[str]:
        """Plain prompts in the model's prompt format."""
        return [generation.format_prompt(self.tokenizer, prompt) for prompt in prompts]

    @overload
    def explain(  # type: ignore[overload-overlap]  # a title is a sequence of titles, too
        self,
        history: Sequence[str],
        item: str | None = None,
        reasons: int = 2,
        constrained: bool = True,
    ) -> Explanation: ...
    @overload
    def explain(
        self,
        history: Sequence[Sequence[str]],
        item: Sequence[str | None] | None = None,
        reasons: int = 2,
        constrained: bool = True,
    ) -> list[Explanation]: ...
    def explain(
        self, history: Any, item: Any = None, reasons: int = 2, constrained: bool = True
    ) -> Any:
        """Why the recommender ranks an item high or low for a history of titles, oldest first.

        Args:
            history: titles of one user, or a list of such histories.
            item: the title asked about, one per history; the recommender's top item if `None`.
            reasons: how many reasons to ask for, 1 to 3; at most a third of the history's distinct
                items.
            constrained: whether texts can quote only titles of the history and the item.

        Raises:
            UserError: an unknown title (the message names the closest ones), an asked item in the
                history, fewer than three distinct items, or a tokenizer that constrained decoding
                cannot use.
        """
        if history and not isinstance(history[0], str):
            items = item if item is not None else [None] * len(history)
            cases = [self._case(*self.rows(h, i)) for h, i in zip(history, items, strict=True)]
            return self._explain(cases, reasons, constrained)
        return self._explain([self._case(*self.rows(history, item))], reasons, constrained)[0]

    def rows(self, titles: Sequence[str], item: str | None) -> tuple[History, int | None]:
        """Rows of all titles, oldest first, and of the asked item, without a recommender pass.

        Raises:
            UserError: as `explain`.
        """
        rows = tuple(self._row(title, "history") for title in titles)
        distinct = len(set(self._read(rows)))
        if distinct < MIN_DISTINCT:
            raise UserError(
                f"the history has {distinct} distinct items: an explanation needs at least "
                f"{MIN_DISTINCT}."
            )
        asked = None if item is None else self._row(item, "item")
        if asked in rows:
            raise UserError(
                f'"{item}" is in the history: ask about an item outside it, which the recommender '
                "could recommend."
            )
        return rows, asked

    def _case(self, rows: History, item: int | None) -> tuple[History, int]:
        """The part of a history that is read, and the asked item; by default the top new item."""
        history = self._read(rows)
        if item is not None:
            return history, item
        scores = self.recommender.score([history])[0]
        scores[list(set(rows))] = -np.inf
        return history, int(scores.argmax())

    def _read(self, rows: History) -> History:
        """The latest items, up to the recommender's maximum."""
        return rows[-self.recommender.max_history :]

    def _row(self, title: str, where: str) -> int:
        row = self.catalogue.find(title)
        if row is None:
            close = ", ".join(f'"{t}"' for t in self.catalogue.closest(title)) or "none is close"
            raise UserError(f'unknown title "{title}" in the {where}. Closest titles: {close}.')
        return row

    def _explain(
        self, cases: Sequence[tuple[History, int]], reasons: int, constrained: bool
    ) -> list[Explanation]:
        results = []
        for start in range(0, len(cases), NUM_SLOTS):
            batch = cases[start : start + NUM_SLOTS]
            histories = [history for history, _ in batch]
            users = self.embedding_tables.users(self.recommender, histories)
            prompts = [
                self.prompts.explanation(
                    history,
                    item,
                    min(reasons, most_cited(len(set(history)))),
                    self.manifest.form,
                    slot_token(slot),
                )
                for slot, (history, item) in enumerate(batch)
            ]
            with self._slots:
                fill_slots(self.model, users)
                texts = [answers[0] for answers in self.generate(prompts, constrained=constrained)]
            results += [self._result(*case, text) for case, text in zip(batch, texts, strict=True)]
        return results

    def _result(self, history: History, item: int, text: str) -> Explanation:
        scores = self.recommender.score([history])
        share = float(percentile(scores, np.array([item]), [history])[0])
        reading = self.context.read(text)
        return Explanation(
            item=self.catalogue.titles[item],
            text=text,
            verdict=reading.verdict,
            cited=[self.catalogue.titles[row] for row in reading.cited(history)],
            percentile=round(share, 4),
            label=label(share) or "no clear verdict",
        )

    def save_pretrained(self, folder: str | Path) -> None:
        """Write a self-contained adapter: weights, items, scratch slots, recommender, tokenizer.

        Training histories are not exported. `Explainer.from_pretrained` reads the folder. An
        earlier export in `folder` is replaced.

        Raises:
            UserError: this is the base model, or `folder` has files that no export wrote.
        """
        if not isinstance(self.model, PeftModel):
            raise UserError("the base model has no adapter to save: give a trained method.")
        with replacing(Path(folder)) as new:
            save_adapter(self.model, new)
            self.manifest.save(new)
            text = json.dumps(self.catalogue.to_json()) + "\n"
            (new / CATALOGUE).write_text(text, encoding="utf-8")
            self.recommender.save(new / "recommender")
            replace(self.embedding_tables, user_table=self.embedding_tables.user_table[:0]).save(
                new
            )
            self._tokenizer_without_histories().save_pretrained(str(new / TOKENIZER))

    def _tokenizer_without_histories(self) -> PreTrainedTokenizerBase:
        """A tokenizer without user histories; other ids are unchanged, since histories are last."""
        tokenizer = load_tokenizer(self.manifest.base)
        embedding: Any = self.model.get_input_embeddings()
        extend_tokenizer(
            tokenizer, embedding.first_id, len(self.catalogue), 0, self.embedding_tables.places
        )
        keep_prompt_format(tokenizer)
        return tokenizer
