"""Whose turn it is in a team: what round robin and longest idle rest on.

In the store, and written before the call rings: another process, and the same one after a restart,
decides the next call by it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from esl_router.model.team import Turn
from esl_router.store.database import open_store, write_state

_LAST = "SELECT coalesce(max(began), 0) FROM team_turns WHERE domain = ? AND team = ?"

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

    def began(self, turn: Turn, now: float) -> bool:
        """A call begins with this member. False, and nothing is written, when another call took
        its turn since this one was decided. Raises StoreError."""
        with self._writing() as conn:
            (last,) = conn.execute(_LAST, (turn.domain, turn.team)).fetchone()
            if last > turn.after:
                return False
            # Two turns within the clock's grain are two turns all the same.
            conn.execute(_BEGAN, (turn.domain, turn.team, turn.extension, max(now, last + 1e-6)))
        return True

    def talked(self, turn: Turn, now: float) -> None:
        """This member talks, or has talked until now. Raises StoreError."""
        with self._writing() as conn:
            conn.execute(_TALKED, (turn.domain, turn.team, turn.extension, now))

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        db = open_store(self._path, timeout=PATIENCE)
        try:
            with write_state(db):
                yield db.conn
        finally:
            db.close()
