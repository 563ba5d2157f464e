"""A connection to the store that stays open, although another file may be put in its place.

As when a backup is brought back while the router runs. Whoever keeps a connection asks before he
uses it whether it is still the store's, and opens a new one when it is not.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from esl_router.errors import StoreError
from esl_router.store.database import BUSY_TIMEOUT, OF_THE_CALLER, identity, open_store

logger = logging.getLogger(__name__)


class Connection:
    """A connection to the store at ``path``."""

    __slots__ = ("_log", "_path", "db", "identity")

    def __init__(
        self, path: str | Path, *, readonly: bool = False, timeout: float = BUSY_TIMEOUT
    ) -> None:
        """Opens it; raises as :func:`~esl_router.store.database.open_store` does."""
        self._path = os.fspath(path)
        self.identity = identity(self._path)
        """Which file it is of."""
        self.db = open_store(path, readonly=readonly, timeout=timeout)
        self._log = _inode(f"{self._path}-wal")

    def current(self) -> bool:
        """Whether the file is still the store. Raises StoreError where there is none at all."""
        return self.identity == identity(self._path)

    def close(self) -> None:
        """Close it, and leave nothing beside another file that has taken the store's place."""
        self.db.close()
        try:
            replaced = not self.current()
        except StoreError:
            return  # the file may come back, and needs what lies beside it
        # SQLite leaves the write-ahead log when it sees that the file has moved, and would replay
        # it into the new one. A log that is not the one we had open is the new file's own.
        if replaced and self._log is not None and _inode(f"{self._path}-wal") == self._log:
            for name in (f"{self._path}-wal", f"{self._path}-shm"):
                try:
                    Path(name).unlink(missing_ok=True)
                except OSError as error:
                    logger.error(
                        "%s is of the store that was here before: stop the router and remove it; "
                        "it cannot be removed by itself: %s",
                        name,
                        error.strerror,
                    )


def renewed(
    connection: Connection | None,
    path: str | Path,
    *,
    readonly: bool = False,
    timeout: float = BUSY_TIMEOUT,
) -> Connection:
    """``connection`` while it is the store's, and a new one otherwise. Raises as
    :class:`Connection`."""
    if connection is not None:
        if connection.current():
            return connection
        connection.close()
    return Connection(path, readonly=readonly, timeout=timeout)


@contextmanager
def opened(path: str | Path) -> Iterator[Connection]:
    """A connection for the block. Raises as :class:`Connection`, and StoreError also when it turns
    out in the block that the store is damaged."""
    connection = Connection(path)
    try:
        yield connection
    except sqlite3.DatabaseError as error:
        if isinstance(error, OF_THE_CALLER):
            raise
        raise StoreError(f"{path} cannot be used: {error}") from error
    finally:
        connection.close()


def _inode(path: str) -> int | None:
    try:
        return os.stat(path).st_ino
    except OSError:
        return None
