"""The journal of calls: written in batches by a thread of its own, never in a call's way.

:meth:`Journal.record` puts an entry into a bounded queue and returns. While the store cannot be
written (a full disk, a lock that stays), entries wait in the queue; what no longer fits is
counted and lost. The thread sleeps in the queue while there is nothing to write.
"""

from __future__ import annotations

import logging
import queue
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

from esl_router.store import notices
from esl_router.store.call_log import Attempt, Entry, Leg, as_seen, call, calls, insert, purge
from esl_router.store.connection import Connection, renewed
from esl_router.store.database import write_state

__all__ = ["Attempt", "Entry", "Journal", "Leg", "as_seen", "call", "calls", "purge"]

logger = logging.getLogger(__name__)

BATCH = 500
"""Calls in one transaction at most, so that other writers get their turn."""

_OF_THE_ENTRY = (
    TypeError,
    ValueError,
    sqlite3.IntegrityError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
    sqlite3.DataError,
)
"""What an entry is to blame for; everything else is the store's, and passes."""


class Journal:
    """Takes entries of one router process and writes them into the store at ``path``."""

    def __init__(
        self,
        path: str | Path,
        *,
        size: int = 10_000,
        gather: float = 0.25,
        retry: float = 5.0,
        lock_timeout: float = 5.0,
    ) -> None:
        """``size`` entries wait at most; a batch gathers for ``gather`` seconds; after a failure
        the next try comes ``retry`` seconds later, where another process holds the lock after
        ``lock_timeout`` seconds of waiting. Nothing is opened here."""
        self._path = Path(path)
        self._queue: queue.SimpleQueue[Entry | None] = queue.SimpleQueue()
        self._size = size
        self._gather = gather
        self._retry = retry
        self._lock_timeout = lock_timeout
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closing = threading.Event()
        self._dropped = 0
        self._failing = False
        self._full = False

    @property
    def dropped(self) -> int:
        """How many entries were lost so far."""
        return self._dropped

    def record(self, entry: Entry) -> None:
        """Take an entry. Returns at once and never raises."""
        if self._queue.qsize() < self._size:
            self._queue.put(entry)
        else:
            self._lose(1)
            if not self._full:
                logger.warning("the journal cannot keep up: calls are routed but not recorded")
            self._full = True
        if self._thread is None:
            self._start()

    def close(self, timeout: float = 5.0) -> None:
        """Write what waits, for ``timeout`` seconds at most; the rest is lost and counted."""
        self._closing.set()
        thread = self._thread
        if thread is None:
            return
        self._queue.put(None)
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
        store: Connection | None = None
        try:
            for batch in self._batches():
                store = self._write(store, batch)
        finally:
            if store is not None:
                store.close()

    def _batches(self) -> Iterator[list[Entry]]:
        last = False
        while not last:
            entry = self._queue.get()
            # One sleep for a whole batch: being woken for each entry costs more than writing it.
            self._closing.wait(self._gather)
            batch: list[Entry] = []
            while entry is not None:
                batch.append(entry)
                if len(batch) == BATCH:
                    break
                try:
                    entry = self._queue.get_nowait()
                except queue.Empty:
                    break
            last = entry is None
            if batch:
                yield batch

    def _write(self, store: Connection | None, batch: list[Entry]) -> Connection | None:
        """Write a batch, again and again until it is written or the journal closes."""
        while True:
            last = self._closing.is_set()  # asked before the try: closing always gets one more
            try:
                store = renewed(store, self._path, timeout=self._lock_timeout)
                with write_state(store.db):
                    for entry in batch:
                        insert(store.db.conn, entry)
                        notices.queue(store.db.conn, entry)
            except _OF_THE_ENTRY:
                if len(batch) == 1:
                    logger.exception("the journal cannot keep a call")
                    self._lose(1)
                    return store
                # One entry that cannot be written must not take the others with it.
                for entry in batch:
                    store = self._write(store, [entry])
                return store
            except Exception as error:
                if not self._failing:
                    logger.warning("calls are not recorded for now: %s", error)
                self._failing = True
                if store is not None:
                    store.close()
                    store = None
                if last:
                    self._lose(len(batch))
                    return None
                self._closing.wait(self._retry)
            else:
                self._works()
                return store

    def _works(self) -> None:
        if self._failing or self._full:
            logger.warning("calls are recorded again; %d were lost so far", self._dropped)
        self._failing = self._full = False

    def _lose(self, number: int) -> None:
        with self._lock:
            self._dropped += number
