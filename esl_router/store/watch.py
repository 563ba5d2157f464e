"""Noticing that somebody has written to the store, in this process or another."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from esl_router.errors import StoreError
from esl_router.store.database import open_store


class StoreWatch:
    """Asks the store at ``path`` whether it has changed: some ten microseconds a question."""

    def __init__(self, path: str | Path) -> None:
        """Nothing is opened here."""
        self._path = Path(path)
        self._conn: sqlite3.Connection | None = None
        self._seen: tuple[int, int, int] | None = None

    def changed(self) -> bool:
        """Whether something was written since the last question, or another file was put in its
        place; the first answer is yes. While the store cannot be read it is no."""
        try:
            found = os.stat(self._path)
            identity = found.st_dev, found.st_ino
            if self._conn is None or self._seen is None or self._seen[:2] != identity:
                self.close()
                self._conn = open_store(self._path, readonly=True).conn
            (version,) = self._conn.execute("PRAGMA data_version").fetchone()
        except (OSError, sqlite3.Error, StoreError):
            self.close()
            return False
        seen, self._seen = self._seen, (*identity, version)
        return seen != self._seen

    def close(self) -> None:
        if self._conn is not None:
            self._conn.close()
        self._conn = self._seen = None
