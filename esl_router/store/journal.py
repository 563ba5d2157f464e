"""The journal of calls: written in batches by a thread of its own, never in a call's way.

:meth:`Journal.record` puts an entry into a bounded queue and returns. While the store cannot be
written (a full disk, a lock that stays), entries wait in the queue; what no longer fits is
counted and lost. The thread sleeps in the queue while there is nothing to write.
"""

from __future__ import annotations

import json
import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlite_utils

from esl_router.errors import StoreError
from esl_router.model.trace import Entry as TraceEntry
from esl_router.store.database import open_store, write

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Leg:
    """One device in an attempt. Instants are seconds since the epoch, None when it never rang."""

    device: str
    result: str
    """A :class:`esl_router.model.call.LegResult`."""

    cause: str = ""
    """FreeSWITCH's hangup cause; empty when there was no channel."""

    started: float | None = None
    ended: float | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One action and what came of it."""

    action: str
    """``ring``, ``voicemail``, ``reject``, ``hand_back``: what was done, in a word."""

    started: float
    legs: tuple[Leg, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """One call, after its end. Instants are seconds since the epoch (UTC)."""

    uuid: str
    """The caller's channel; a transferred call comes back with the one it had."""

    started: float
    ended: float
    dialled: str
    result: str
    """``answered``, ``voicemail``, ``busy``, ``no_answer`` …: how it ended, in a word."""

    domain: str | None = None
    caller_number: str = ""
    caller_name: str = ""
    caller_account: str | None = None
    """The account that the switch authenticated; None for callers from outside."""

    callee: str | None = None
    """The extension that the call was for; None when the number was nobody's."""

    origin: str | None = None
    code: int | None = None
    """The SIP status that the caller got, where the call was not answered."""

    answered_by: str | None = None
    """The device that answered."""

    answered_at: float | None = None
    attempts: tuple[Attempt, ...] = ()
    trace: tuple[TraceEntry, ...] = ()
    problems: tuple[str, ...] = field(default=())
    """Broken rules that the decisions met, ``path: what is wrong``."""


class Journal:
    """Takes entries of one router process and writes them into the store at ``path``."""

    def __init__(
        self,
        path: str | Path,
        *,
        size: int = 10_000,
        gather: float = 0.1,
        retry: float = 5.0,
        lock_timeout: float = 5.0,
    ) -> None:
        """``size`` entries wait at most; a batch gathers for ``gather`` seconds; after a failure
        the next try comes ``retry`` seconds later, where another process holds the lock after
        ``lock_timeout`` seconds of waiting. Nothing is opened here."""
        self._path = Path(path)
        self._queue: queue.Queue[Entry | None] = queue.Queue(size)
        self._gather = gather
        self._retry = retry
        self._lock_timeout = lock_timeout
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closing = threading.Event()
        self._dropped = 0
        self._failing = False

    @property
    def dropped(self) -> int:
        """How many entries were lost so far."""
        return self._dropped

    def record(self, entry: Entry) -> None:
        """Take an entry. Returns at once and never raises."""
        try:
            self._queue.put_nowait(entry)
        except queue.Full:
            with self._lock:
                self._dropped += 1
                first = self._dropped == 1
            if first:
                logger.warning("the journal cannot keep up: calls are routed but not recorded")
        if self._thread is None:
            self._start()

    def close(self, timeout: float = 5.0) -> None:
        """Write what waits, for ``timeout`` seconds at most; the rest is lost and counted."""
        self._closing.set()
        thread = self._thread
        if thread is None:
            return
        try:
            self._queue.put(None, timeout=timeout)
        except queue.Full:
            logger.warning("the journal's queue is full while closing")
        thread.join(timeout)
        if lost := self._queue.qsize():
            logger.warning("the journal ends with %d calls unwritten", lost)

    def _start(self) -> None:
        # Not before the first entry: a thread does not survive the fork into worker processes.
        with self._lock:
            if self._thread is None and not self._closing.is_set():
                self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        db: sqlite_utils.Database | None = None
        try:
            for batch in self._batches():
                db = self._write(db, batch)
        finally:
            if db is not None:
                db.close()

    def _batches(self) -> Iterator[list[Entry]]:
        while True:
            first = self._queue.get()
            if first is None:
                return
            batch = [first]
            deadline = time.monotonic() + self._gather
            last = False
            while len(batch) < 500 and not last:
                left = deadline - time.monotonic()
                try:
                    entry = (
                        self._queue.get(timeout=left)
                        if left > 0 and not self._closing.is_set()
                        else self._queue.get_nowait()
                    )
                except queue.Empty:
                    break
                if entry is None:
                    last = True
                else:
                    batch.append(entry)
            yield batch
            if last:
                return

    def _write(
        self, db: sqlite_utils.Database | None, batch: list[Entry]
    ) -> sqlite_utils.Database | None:
        """Write a batch, again and again until it is written or the journal closes."""
        while True:
            try:
                if db is None:
                    db = open_store(self._path, timeout=self._lock_timeout)
                with write(db):
                    for entry in batch:
                        _insert(db.conn, entry)
            except (StoreError, sqlite3.Error, OSError) as error:
                self._failed(error)
                if db is not None:
                    db.close()
                    db = None
                if self._closing.wait(self._retry):
                    return self._last_try(batch)
            except Exception:
                # An entry that cannot be written must not hold up the others.
                logger.exception("the journal cannot write these %d calls", len(batch))
                self._lose(len(batch))
                return db
            else:
                self._works()
                return db

    def _last_try(self, batch: list[Entry]) -> None:
        try:
            db = open_store(self._path, timeout=self._lock_timeout)
            try:
                with write(db):
                    for entry in batch:
                        _insert(db.conn, entry)
            finally:
                db.close()
        except (StoreError, sqlite3.Error, OSError):
            self._lose(len(batch))

    def _failed(self, error: Exception) -> None:
        if not self._failing:
            logger.warning("calls are not recorded for now: %s", error)
        self._failing = True

    def _works(self) -> None:
        if self._failing:
            logger.warning("calls are recorded again; %d were lost", self._dropped)
        self._failing = False

    def _lose(self, number: int) -> None:
        with self._lock:
            self._dropped += number


# -- writing ----------------------------------------------------------------------------------
def _insert(conn: sqlite3.Connection, entry: Entry) -> None:
    cursor = conn.execute(
        """
        INSERT INTO journal_calls (uuid, domain, started, ended, caller_number, caller_name,
            caller_account, dialled, callee, origin, result, code, answered_by, answered_at,
            trace, problems)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
        (
            _clean(entry.uuid),
            _clean(entry.domain),
            entry.started,
            entry.ended,
            _clean(entry.caller_number),
            _clean(entry.caller_name),
            _clean(entry.caller_account),
            _clean(entry.dialled),
            _clean(entry.callee),
            entry.origin,
            entry.result,
            entry.code,
            entry.answered_by,
            entry.answered_at,
            json.dumps([[each.stage, each.fired, each.text] for each in entry.trace]),
            json.dumps(entry.problems),
        ),
    )
    call = cursor.lastrowid
    for number, attempt in enumerate(entry.attempts):
        conn.execute(
            "INSERT INTO journal_attempts (call, position, action, started) VALUES (?, ?, ?, ?)",
            (call, number, attempt.action, attempt.started),
        )
        conn.executemany(
            "INSERT INTO journal_legs (call, attempt, position, device, result, cause, started,"
            " ended) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (call, number, place, leg.device, leg.result, leg.cause, leg.started, leg.ended)
                for place, leg in enumerate(attempt.legs)
            ],
        )


def _clean(text: str | None) -> str | None:
    """``text`` as SQLite takes it: half a surrogate pair, from a broken name, is replaced."""
    return None if text is None else text.encode("utf-8", "replace").decode("utf-8")


# -- reading ----------------------------------------------------------------------------------
_CALLS = """
    SELECT id, uuid, domain, started, ended, caller_number, caller_name, caller_account, dialled,
        callee, origin, result, code, answered_by, answered_at, trace, problems
    FROM journal_calls
"""


def calls(
    db: sqlite_utils.Database,
    limit: int = 50,
    *,
    domain: str | None = None,
    user: str | None = None,
    after: int = 0,
) -> list[tuple[int, Entry]]:
    """The last ``limit`` calls, oldest first, each with its number in the journal.

    ``user`` is an extension: calls for him, and calls from his devices. ``after`` is the number
    of a call: only later ones, as somebody who watches wants them.
    """
    rows = db.conn.execute(
        _CALLS
        + """
        WHERE id > :after AND (:domain IS NULL OR domain = :domain)
            AND (:user IS NULL OR callee = :user OR (domain, caller_account) IN
                (SELECT domain, name FROM devices WHERE extension = :user))
        ORDER BY id DESC LIMIT :limit
        """,
        {"after": after, "domain": domain, "user": user, "limit": limit},
    ).fetchall()
    return [(row[0], _entry(db, row)) for row in reversed(rows)]


def call(db: sqlite_utils.Database, uuid: str) -> list[Entry]:
    """The calls of a channel, oldest first: several when it was transferred, none when unknown.

    The first eight characters of a uuid are enough.
    """
    if len(uuid) < 8:
        return []
    rows = db.conn.execute(
        _CALLS + "WHERE uuid >= :first AND uuid < :first || char(1114111) ORDER BY id",
        {"first": uuid},
    ).fetchall()
    return [_entry(db, row) for row in rows]


def purge(db: sqlite_utils.Database, before: float) -> int:
    """Forget the calls that ended before an instant (seconds since the epoch); how many."""
    with write(db):
        return int(db.conn.execute("DELETE FROM journal_calls WHERE ended < ?", (before,)).rowcount)


def _entry(db: sqlite_utils.Database, row: tuple[Any, ...]) -> Entry:
    number, uuid, domain, started, ended, caller_number, caller_name, account, dialled, *rest = row
    callee, origin, result, code, answered_by, answered_at, trace, problems = rest
    return Entry(
        uuid=uuid,
        domain=domain,
        started=started,
        ended=ended,
        caller_number=caller_number,
        caller_name=caller_name,
        caller_account=account,
        dialled=dialled,
        callee=callee,
        origin=origin,
        result=result,
        code=code,
        answered_by=answered_by,
        answered_at=answered_at,
        attempts=_attempts(db, number),
        trace=tuple(TraceEntry(*each) for each in json.loads(trace)),
        problems=tuple(json.loads(problems)),
    )


def _attempts(db: sqlite_utils.Database, number: int) -> tuple[Attempt, ...]:
    legs: dict[int, list[Leg]] = {}
    for attempt, *leg in db.conn.execute(
        "SELECT attempt, device, result, cause, started, ended FROM journal_legs"
        " WHERE call = ? ORDER BY attempt, position",
        (number,),
    ):
        legs.setdefault(attempt, []).append(Leg(*leg))
    rows = db.conn.execute(
        "SELECT position, action, started FROM journal_attempts WHERE call = ? ORDER BY position",
        (number,),
    )
    return tuple(
        Attempt(action, started, tuple(legs.get(position, ())))
        for position, action, started in rows
    )
