"""Noticing that somebody has written to the store, in this process or another."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from esl_router.errors import StoreError
from esl_router.store.connection import Connection, renewed


class StoreWatch:
    """Asks the store at ``path`` whether it has changed: some ten microseconds a question."""

    def __init__(self, path: str | Path) -> None:
        """Nothing is opened here."""
        self._path = path
        self._store: Connection | None = None
        self._seen: tuple[tuple[int, int], int] | None = None

    def changed(self) -> bool:
        """Whether something was written since the last question, or another file was put in its
        place; the first answer is yes. While the store cannot be read it is no."""
        try:
            self._store = renewed(self._store, self._path, readonly=True)
            (version,) = self._store.db.conn.execute("PRAGMA data_version").fetchone()
        except (sqlite3.Error, StoreError):
            self.close()
            return False
        seen, self._seen = self._seen, (self._store.identity, version)
        return seen != self._seen

    def close(self) -> None:
        if self._store is not None:
            self._store.close()
        self._store = self._seen = None
