"""Stores paid answers and their cost on disk.

One SQLite file in write-ahead mode, which several processes may share. Each answer and each payment
is its own transaction, so a process that dies loses nothing it paid for. The file stores digests of
the questions, never their text, and the judge's replies.
"""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

LOCK_SECONDS = 30.0
"""Seconds that a transaction waits for other processes."""
_TABLES = (
    """CREATE TABLE IF NOT EXISTS answers (
        key TEXT PRIMARY KEY, answer TEXT NOT NULL, reply TEXT NOT NULL, judge TEXT NOT NULL
    )""",
    """CREATE TABLE IF NOT EXISTS spent (
        judge TEXT PRIMARY KEY, calls INTEGER NOT NULL, tokens_in INTEGER NOT NULL,
        tokens_out INTEGER NOT NULL, money REAL NOT NULL
    )""",
)
_READ = "SELECT key, answer FROM answers WHERE key IN (SELECT value FROM json_each(?))"
_SPENT = "SELECT calls, tokens_in, tokens_out, money FROM spent WHERE judge = ?"
_CHARGE = """INSERT INTO spent VALUES (?, ?, ?, ?, ?) ON CONFLICT (judge) DO UPDATE SET
    calls = calls + excluded.calls, tokens_in = tokens_in + excluded.tokens_in,
    tokens_out = tokens_out + excluded.tokens_out, money = money + excluded.money
    RETURNING calls, tokens_in, tokens_out, money"""


@dataclass(frozen=True)
class Spent:
    """Calls, tokens and money."""

    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    money: float = 0.0

    @property
    def tokens(self) -> int:
        """Of prompts and replies."""
        return self.tokens_in + self.tokens_out

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(
            self.calls + other.calls,
            self.tokens_in + other.tokens_in,
            self.tokens_out + other.tokens_out,
            self.money + other.money,
        )

    def __sub__(self, other: "Spent") -> "Spent":
        return self + Spent(-other.calls, -other.tokens_in, -other.tokens_out, -other.money)


class Cache:
    """Answers of one judge by key; use it only from the thread that opened it.

    Args:
        path: of the file; created, with its folder, if missing.
        judge: name under which answers are listed and spending is counted.

    Raises:
        ValueError: the file is not such a cache.
    """

    def __init__(self, path: Path, judge: str) -> None:
        self.path, self._judge = path, judge
        path.parent.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(path, timeout=LOCK_SECONDS, isolation_level=None)
        try:
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = NORMAL")
            for table in _TABLES:
                self._database.execute(table)
        except sqlite3.DatabaseError as error:
            self._database.close()
            raise ValueError(
                f"cache is {path}, which is not a judge's cache ({error}): give another path."
            ) from None

    def read(self, keys: Sequence[str]) -> dict[str, str]:
        """The known answers, by key."""
        return dict(self._database.execute(_READ, (json.dumps(keys),)))

    def add(self, key: str, answer: str, reply: str) -> None:
        """Keep an answer and the reply it was read from; the first one for a key stays."""
        self._database.execute(
            "INSERT OR IGNORE INTO answers VALUES (?, ?, ?, ?)", (key, answer, reply, self._judge)
        )

    def charge(self, spent: Spent) -> Spent:
        """Add to what the judge has spent; returns the total of all processes."""
        rows = self._database.execute(
            _CHARGE, (self._judge, spent.calls, spent.tokens_in, spent.tokens_out, spent.money)
        ).fetchall()
        return Spent(*rows[0])

    def spent(self) -> Spent:
        """What the judge has spent since the file was created."""
        return Spent(*(self._database.execute(_SPENT, (self._judge,)).fetchone() or ()))

    def close(self) -> None:
        """Close the file."""
        self._database.close()
