"""Whose turn it is in a team: what round robin and longest idle rest on.

In the store, and written before the call rings: another process, and the same one after a restart,
decides the next call by it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from esl_router.model.team import Turn
from esl_router.store.database import open_store, write

_BEGAN = """
    INSERT INTO team_turns (domain, team, extension, began) VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET began = excluded.began
"""

_TALKED = """
    INSERT INTO team_turns (domain, team, extension, talked) VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET talked = excluded.talked
"""

PATIENCE = 1.0
"""Seconds a turn waits for another process that writes: a caller waits behind it."""


class Turns:
    """Writes turns into the store at ``path``."""

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)

    def began(self, turns: Iterable[Turn], now: float) -> None:
        """A call begins with these members. Raises StoreError."""
        self._write(_BEGAN, turns, now)

    def talked(self, turns: Iterable[Turn], now: float) -> None:
        """These members' conversations have ended. Raises StoreError."""
        self._write(_TALKED, turns, now)

    def _write(self, statement: str, turns: Iterable[Turn], now: float) -> None:
        rows = [(turn.domain, turn.team, turn.extension, now) for turn in turns]
        db = open_store(self._path, timeout=PATIENCE)
        try:
            with write(db):
                db.conn.executemany(statement, rows)
        finally:
            db.close()
