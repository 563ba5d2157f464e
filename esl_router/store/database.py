"""Opening the store, and writing to it.

SQLite in WAL mode: readers never wait for a writer, and one writer waits for another instead of
failing. Two things make the second half true. Every write goes through :func:`write` (or, where
it is no rule, :func:`write_state`), which starts with ``BEGIN IMMEDIATE``: a transaction that
begins as a reader and then writes is refused at once when somebody else wrote in between, whatever
the busy timeout. And the driver's own transaction handling is off (``isolation_level=None``), so
that nothing begins a transaction behind our back.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import sqlite_utils

from esl_router.errors import StoreError, StoreMissing, StoreTooNew
from esl_router.model.actor import Actor
from esl_router.store import recording, rights, sounds
from esl_router.store.migrations import MIGRATIONS, known_names

BUSY_TIMEOUT = 30.0
"""Seconds a write waits for another process to finish its own."""

OF_THE_CALLER = (
    sqlite3.IntegrityError,
    sqlite3.ProgrammingError,
    sqlite3.DataError,
    sqlite3.NotSupportedError,
)
"""What says that a statement was wrong, not that the store is in trouble."""


def open_store(
    path: str | Path,
    *,
    create: bool = False,
    readonly: bool = False,
    timeout: float = BUSY_TIMEOUT,
) -> sqlite_utils.Database:
    """The store at ``path``, brought up to this version's schema unless ``readonly``.

    ``create`` makes a new store, readable by its owner alone because it holds SIP passwords.
    ``timeout`` is how many seconds a write waits for other writers.

    Raises StoreMissing when there is none, StoreTooNew when a newer version wrote it, and
    StoreError when it cannot be read, is something else, or (``readonly``) is of an older schema.
    """
    path = Path(path)
    if create:
        _create(path)
    identity(path)
    db = _connect(path, readonly, timeout)
    try:
        _check(db, path, create)
        if not readonly:
            db.enable_wal()
            # Inside one BEGIN IMMEDIATE, so that two processes that start at once migrate once.
            if MIGRATIONS.pending(db):
                with write_state(db):
                    MIGRATIONS.apply(db)
        elif MIGRATIONS.pending(db):
            raise StoreError(
                f"{path} is of an older version: bring it up to date with "
                f"`esl-router --db {path} init`"
            )
    except sqlite3.Error as error:
        db.close()
        raise StoreError(f"{path} cannot be read as a rule store: {error}") from error
    except BaseException:
        db.close()
        raise
    return db


def identity(path: str | Path) -> tuple[int, int]:
    """Which file the store at ``path`` is, by its device and inode. Raises StoreMissing when there
    is none, and StoreError when that cannot be told."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        raise StoreMissing(
            f"there is no rule store at {path}: create it with `esl-router --db {path} init`"
        ) from None
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}") from None
    return found.st_dev, found.st_ino


def copy_store(path: str | Path, to: str | Path) -> None:
    """Copy the store at ``path`` as it is at this instant, readable by its owner alone. Raises as
    :func:`open_store` does."""
    with closing(open_store(path, readonly=True)) as db:
        _create(Path(to))
        try:
            with closing(sqlite3.connect(to)) as copy:
                db.conn.backup(copy)
        except sqlite3.Error as error:
            raise StoreError(f"{path} cannot be copied to {to}: {error}") from error


@contextmanager
def write(
    db: sqlite_utils.Database,
    by: Actor | None = None,
    *,
    undoes: int | None = None,
    now: float | None = None,
) -> Iterator[None]:
    """One write transaction that changes the rules: all of the block or nothing of it.

    What it changed goes into the history as ``by``'s (None: the administrator who runs this
    process), at the instant ``now`` (None: this one). Raises NotPermitted, and changes nothing,
    when that is not ``by``'s to change. ``undoes`` is the entry that is taken back.

    Waits for other writers up to the store's timeout; raises StoreError when that is not enough,
    or when the disk is full.
    """
    with write_state(db):
        touched = recording.watch(db.conn)
        yield
        if not touched:
            return
        actor = by or recording.administrator()
        at = time.time() if now is None else now
        with closing(_as_committed(db)) as before:
            for domain, edits in recording.changes(touched, before, db).items():
                rights.check(before, domain, actor, edits)
                if undoes is None:  # what had stood there once may come back
                    sounds.check(actor, edits)
                recording.keep(db.conn, at, domain, actor, edits, undoes)


@contextmanager
def write_state(db: sqlite_utils.Database) -> Iterator[None]:
    """One write transaction of what the router keeps for itself and is no rule: the journal, whose
    turn it is. Otherwise as :func:`write`, and for nothing else: it leaves no history."""
    conn = db.conn
    try:
        conn.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        raise StoreError(f"the rule store cannot be written: {error}") from error
    try:
        yield
    except sqlite3.DatabaseError as error:
        _rollback(conn)
        if isinstance(error, OF_THE_CALLER):
            raise
        raise StoreError(f"the rule store cannot be written: {error}") from error
    except BaseException:
        _rollback(conn)
        raise
    try:
        conn.execute("COMMIT")
    except sqlite3.Error as error:
        _rollback(conn)
        raise StoreError(f"the rule store cannot be written: {error}") from error


def _as_committed(db: sqlite_utils.Database) -> sqlite_utils.Database:
    """The store without what this connection has not committed."""
    path = next(row[2] for row in db.conn.execute("PRAGMA database_list") if row[1] == "main")
    return _connect(Path(path), readonly=True, timeout=BUSY_TIMEOUT)


def _rollback(conn: sqlite3.Connection) -> None:
    # A full disk makes SQLite roll back by itself; a second ROLLBACK would hide the first error.
    if conn.in_transaction:
        conn.execute("ROLLBACK")


def _create(path: Path) -> None:
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        raise StoreError(f"{path} cannot be created: {error.strerror}") from None


def _connect(path: Path, readonly: bool, timeout: float) -> sqlite_utils.Database:
    # A reader needs write access to the file too where it can have it: it shares the WAL's index.
    mode = "ro" if readonly and not os.access(path, os.W_OK) else "rw"
    conn = None
    try:
        conn = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}",
            uri=True,
            timeout=timeout,
            isolation_level=None,
            check_same_thread=False,
        )
        conn.execute("PRAGMA foreign_keys = on")
        conn.execute("PRAGMA synchronous = normal")
        if readonly:
            conn.execute("PRAGMA query_only = on")
        return sqlite_utils.Database(conn, execute_plugins=False)
    except sqlite3.Error as error:
        if conn is not None:
            conn.close()
        raise StoreError(f"{path} cannot be read as a rule store: {error}") from error


def _check(db: sqlite_utils.Database, path: Path, create: bool) -> None:
    applied = {migration.name for migration in MIGRATIONS.applied(db)}
    if not applied:
        if db.conn.execute("SELECT 1 FROM sqlite_master").fetchone() is not None:
            raise StoreError(f"{path} is a SQLite file, but not a rule store")
        if not create:
            raise StoreError(
                f"{path} is empty: make it a rule store with `esl-router --db {path} init`"
            )
    unknown = sorted(applied - known_names())
    if unknown:
        raise StoreTooNew(
            f"{path} was written by a newer version of esl-router ({unknown[-1]}): "
            "update this installation, or use another store"
        )
