"""Who chose what, in order: the common form of every data format."""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from rl_explain.data.catalogue import Catalogue
from rl_explain.errors import UserError

Taste = tuple[str, str]
"""An attribute and one of its values, e.g. `("theme", "seafaring")`."""


@dataclass(frozen=True)
class Interactions:
    """Users in row order, each with at least three distinct items.

    `sequences[user]` has item rows of `catalogue`, oldest first, without repeats. `causes[user]`
    are the user's tastes, planted by the demo; `None` for real data, where they are unknown.
    """

    catalogue: Catalogue
    user_ids: tuple[str, ...]
    sequences: tuple[tuple[int, ...], ...]
    causes: tuple[tuple[Taste, ...], ...] | None = None

    def __len__(self) -> int:
        return len(self.sequences)

    @cached_property
    def fingerprint(self) -> str:
        """A SHA-256 of the catalogue, the users, their choices and causes."""
        content = json.dumps([self.catalogue.fingerprint, self._rows()], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()

    def _rows(self) -> dict[str, Any]:
        return {"user_ids": self.user_ids, "sequences": self.sequences, "causes": self.causes}

    def save(self, folder: str | Path) -> None:
        """Write `catalogue.json` and `interactions.json`."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        catalogue = json.dumps(self.catalogue.to_json(), ensure_ascii=False)
        (folder / "catalogue.json").write_text(catalogue + "\n", encoding="utf-8")
        rows = json.dumps(self._rows() | {"fingerprint": self.fingerprint}, ensure_ascii=False)
        (folder / "interactions.json").write_text(rows + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: str | Path) -> "Interactions":
        """The interactions that `save` wrote.

        Raises:
            UserError: files are missing, damaged or do not belong together.
        """
        folder = Path(folder)
        rows = _read_json(folder / "interactions.json")
        causes = rows["causes"]
        interactions = cls(
            catalogue=Catalogue.from_json(_read_json(folder / "catalogue.json")),
            user_ids=tuple(rows["user_ids"]),
            sequences=tuple(map(tuple, rows["sequences"])),
            causes=causes and tuple(tuple((name, value) for name, value in c) for c in causes),
        )
        if interactions.fingerprint != rows["fingerprint"]:
            raise UserError(
                f"catalogue.json and interactions.json in {folder} do not belong together; "
                "prepare the data again"
            )
        return interactions


def _read_json(file: Path) -> dict[str, Any]:
    if not file.is_file():
        raise UserError(f"no prepared data: {file} not found; run the prepare stage first")
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{file} is damaged ({error}); prepare the data again") from error
