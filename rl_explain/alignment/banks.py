"""Banks: the frozen embeddings that virtual tokens look up, normalised."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from rl_explain.alignment.states import States
from rl_explain.errors import UserError
from rl_explain.recommenders.protocol import Recommender

BANKS_FILE = "banks.safetensors"


@dataclass(frozen=True)
class Banks:
    """What virtual tokens look up: frozen embeddings, each bank at unit root mean square.

    Items are centred first: subtracting the mean item moves all scores of a user by the same
    amount, so `user_bank @ item_bank.T` is, up to one factor, the recommender's score less a
    constant of each user, and every percentile is unchanged.

    `item_bank` is (num_items, dim), `user_bank` (num_states, dim), `user_scale` what user
    embeddings are divided by.
    """

    item_bank: Tensor
    user_bank: Tensor
    user_scale: float

    def normalise_users(self, embeddings: np.ndarray) -> Tensor:
        """User embeddings (n, dim) of new histories as the bank holds them, float32."""
        return torch.from_numpy(np.asarray(embeddings, dtype=np.float32)) / self.user_scale

    def save(self, folder: Path) -> None:
        """Write `banks.safetensors`."""
        tensors = {"item_bank": self.item_bank, "user_bank": self.user_bank}
        tensors["user_scale"] = torch.tensor(self.user_scale, dtype=torch.float64)
        save_file({k: v.contiguous() for k, v in tensors.items()}, folder / BANKS_FILE)

    @classmethod
    def load(cls, folder: Path) -> "Banks":
        """The banks that `save` wrote.

        Raises:
            UserError: no banks in `folder`.
        """
        path = folder / BANKS_FILE
        if not path.is_file():
            raise UserError(f"no banks at {path}: run the stage that prepares the tasks first.")
        tensors = load_file(path)
        return cls(tensors["item_bank"], tensors["user_bank"], tensors["user_scale"].item())


def build_banks(recommender: Recommender, states: States) -> Banks:
    """The recommender's embeddings of all items and states, normalised."""
    items = recommender.item_embeddings()
    users = recommender.user_embeddings([state.history for state in states.states])
    centred = items - items.mean(axis=0)
    scale = _root_mean_square(users)
    return Banks(
        item_bank=torch.from_numpy(np.float32(centred / _root_mean_square(centred))),
        user_bank=torch.from_numpy(np.float32(users / scale)),
        user_scale=scale,
    )


def _root_mean_square(values: np.ndarray) -> float:
    """Over all entries; 1 where all are zero, so that dividing by it is safe."""
    return float(np.sqrt(np.mean(np.square(values, dtype=np.float64)))) or 1.0
