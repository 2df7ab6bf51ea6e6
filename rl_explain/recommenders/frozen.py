"""A trained, frozen recommender: scores in batches and has a fingerprint."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Self

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from rl_explain.data.catalogue import Catalogue
from rl_explain.errors import UserError
from rl_explain.recommenders.histories import pad_histories
from rl_explain.recommenders.sasrec import Sasrec, SasrecConfig

WEIGHTS = "model.safetensors"
CONFIG = "config.json"
PICKLES = {".pt", ".pth", ".bin", ".pkl", ".pickle", ".ckpt"}


class FrozenRecommender(nn.Module):
    """A SASRec behind the `Recommender` protocol: always in eval mode, without gradients.

    It may be part of a model that trains: `.train()` on that model keeps it in eval mode, so its
    dropout stays off. `fingerprint` is a SHA-256 of the weights, the shape and the catalogue's
    fingerprint.
    """

    def __init__(self, model: Sasrec, catalogue_fingerprint: str, batch_size: int = 1024) -> None:
        super().__init__()
        self.model = model.requires_grad_(False)
        self.catalogue_fingerprint = catalogue_fingerprint
        self.batch_size = batch_size  # histories per forward pass
        self.num_items = model.config.num_items
        self.dim = model.config.dim
        self.max_history = model.config.max_history
        self.fingerprint = _fingerprint(model, catalogue_fingerprint)
        self.eval()

    def train(self, mode: bool = True) -> Self:
        """Stay in eval mode and ignore `mode`."""
        return super().train(False)

    @torch.inference_mode()
    def score(self, histories: Sequence[Sequence[int]]) -> np.ndarray:
        """Scores of every item, higher is better: (B, num_items), float32.

        Equal histories are encoded once.

        Args:
            histories: item rows, oldest first, `-1` where masked; only the last `max_history`
                entries are read.

        Raises:
            ValueError: a history without a visible item, or an unknown row.
        """
        users, copies = self._encode(histories)
        # Copy users, not scores: users are smaller.
        own = users[torch.from_numpy(copies).to(users.device)]
        with self._full_precision():
            return (own @ self.model.items.weight.T).cpu().numpy()

    @torch.inference_mode()
    def user_embeddings(self, histories: Sequence[Sequence[int]]) -> np.ndarray:
        """Embeddings of the histories: (B, dim), float32; arguments and errors as `score`."""
        users, copies = self._encode(histories)
        return users.cpu().numpy()[copies]

    @torch.inference_mode()
    def item_embeddings(self) -> np.ndarray:
        """All item embeddings, which scores multiply with users: (num_items, dim), float32."""
        return self.model.items.weight.cpu().numpy().copy()

    def _encode(self, histories: Sequence[Sequence[int]]) -> tuple[Tensor, np.ndarray]:
        """Embeddings of the distinct histories, and each history's index among them."""
        padded = pad_histories(histories, self.max_history, self.num_items)
        distinct, copies = np.unique(padded, axis=0, return_inverse=True)
        device = self.model.positions.device
        batches = torch.from_numpy(distinct).split(self.batch_size)
        with self._full_precision():
            users = [self.model.encode(batch.to(device)) for batch in batches]
        return torch.cat(users), copies.reshape(-1)

    def _full_precision(self) -> torch.autocast:
        """Disables autocast, so that scores are the same while a language model trains."""
        return torch.autocast(self.model.positions.device.type, enabled=False)

    def save(self, folder: str | Path) -> None:
        """Write `model.safetensors` and `config.json`."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        save_file(_weights(self.model), folder / WEIGHTS)
        config = {
            "kind": "sasrec",
            "shape": asdict(self.model.config),
            "catalogue": self.catalogue_fingerprint,
            "fingerprint": self.fingerprint,
        }
        (folder / CONFIG).write_text(json.dumps(config, indent=2) + "\n")

    @classmethod
    def load(
        cls, folder: str | Path, catalogue: Catalogue | None = None, device: str = "cpu"
    ) -> "FrozenRecommender":
        """The recommender that `save` wrote.

        Raises:
            UserError: files are missing, pickled or damaged, or the recommender was trained on a
                catalogue other than the given one.
        """
        folder = Path(folder)
        _refuse_pickles(folder)
        shape, trained_on, fingerprint = _read_config(folder)
        if catalogue is not None and trained_on != catalogue.fingerprint:
            raise UserError(
                f"the recommender in {folder} was trained on other data (its catalogue is "
                f"{trained_on[:12]}, this one {catalogue.fingerprint[:12]}); give the "
                "data it was trained on, or train it again in a new folder"
            )
        recommender = cls(_read_model(folder, shape).to(device), trained_on)
        if recommender.fingerprint != fingerprint:
            raise UserError(
                f"{folder / WEIGHTS} does not belong to {folder / CONFIG}: fingerprints differ; "
                "restore both files from one training run"
            )
        return recommender


def _weights(model: Sasrec) -> dict[str, Tensor]:
    return {name: weight.cpu().contiguous() for name, weight in model.state_dict().items()}


def _fingerprint(model: Sasrec, catalogue_fingerprint: str) -> str:
    # Dropout does not affect scores, so it must not change the fingerprint.
    shape = asdict(model.config) | {"dropout": 0.0}
    digest = hashlib.sha256(json.dumps([catalogue_fingerprint, shape], sort_keys=True).encode())
    for name, weight in sorted(_weights(model).items()):
        digest.update(name.encode())
        digest.update(weight.numpy().tobytes())
    return digest.hexdigest()


def _refuse_pickles(folder: Path) -> None:
    """Raise `UserError` on pickled checkpoints, since unpickling can run code."""
    pickles = [folder] if folder.suffix in PICKLES else []
    if folder.is_dir() and not (folder / WEIGHTS).is_file():
        pickles = [file for file in sorted(folder.iterdir()) if file.suffix in PICKLES]
    if pickles:
        raise UserError(
            f"{pickles[0]} is a pickled checkpoint, and unpickling can run code: save the weights "
            f"as safetensors ({WEIGHTS} next to {CONFIG}) and give their folder"
        )


def _read_config(folder: Path) -> tuple[SasrecConfig, str, str]:
    """The shape, the catalogue's fingerprint and the recommender's fingerprint."""
    missing = [name for name in (WEIGHTS, CONFIG) if not (folder / name).is_file()]
    if missing:
        raise UserError(f"no recommender in {folder}: {' and '.join(missing)} not found; train one")
    try:
        config = json.loads((folder / CONFIG).read_text())
        return SasrecConfig(**config["shape"]), config["catalogue"], config["fingerprint"]
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{folder / CONFIG} is damaged ({error}); train again") from error


def _read_model(folder: Path, config: SasrecConfig) -> Sasrec:
    model = Sasrec(config)
    try:
        model.load_state_dict(load_file(folder / WEIGHTS))
    except (SafetensorError, RuntimeError) as error:
        raise UserError(f"{folder / WEIGHTS} is damaged ({error}); train again") from error
    return model
