"""Reading calendars again and again: what is due, how long it may take, what is done when it fails.

It runs in a process of its own, beside those that route calls: whatever a calendar's server does,
no call waits for it. What a call needs of a calendar is in the store.
"""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType

import sqlite_utils

from esl_router.calendars.fetch import Fetch, fetch
from esl_router.errors import CalendarError, StoreError
from esl_router.store import calendars
from esl_router.store.calendars import Feed, Read
from esl_router.store.connection import Connection, opened

logger = logging.getLogger(__name__)

BACK = timedelta(days=1)
AHEAD = timedelta(days=28)
"""How far ahead appointments are known: for so long a server may be gone."""

EXPAND_EVERY = 86400
"""Seconds after which a calendar is read as a whole, though nothing in it has changed: the days
ahead are others."""

EVERY = 300
"""Seconds between two looks at a calendar on a server."""

FILE_EVERY = 2
"""Seconds between two looks at a file: whether it has changed costs next to nothing."""

LONGEST_PAUSE = 3600
"""The most seconds between two attempts at a server that fails."""

NOTED_EVERY = 3600
"""Seconds after which the store says again that a calendar was read, when nothing has changed."""

LIMIT = 30.0
"""Seconds that one calendar may take, from the first byte sent to the last span found."""

TICK = 1.0
"""Seconds between two looks at what is due."""

RELOAD = 60
"""Seconds between two looks at a store in which nothing seems to have changed."""


class _TooLong(BaseException):
    """The time is over. No Exception, so that nothing in between takes it for one of its own."""


def read(feed: Feed, now: datetime, *, get: Fetch = fetch, limit: float = LIMIT) -> Read:
    """What there is to know of a calendar at ``now``, going by what was read of it last.

    Raises CalendarError, also when it takes longer than ``limit`` seconds.
    """
    from esl_router.calendars import ics  # not loaded where nobody has a calendar

    settings, before = feed.settings, feed.read
    seconds = int(now.timestamp())
    since, until = now - BACK, now + AHEAD
    old = before.expanded is None or not 0 <= seconds - before.expanded < EXPAND_EVERY
    validator = "" if old else before.validator
    try:
        with _limit(limit):
            answer = get(settings.source, settings.login, validator, since, until)
            if answer.texts is None:
                return replace(before, at=seconds, failing=None, problem="")
            counting = ics.Counting(
                settings.timezone,
                settings.address,
                settings.all_day,
                settings.tentative == "busy",
                timedelta(minutes=settings.merge_gap),
                timedelta(minutes=settings.padding),
            )
            spans = ics.busy(answer.texts, counting, since, until)
    except _TooLong:
        raise CalendarError(f"it takes longer than {limit:g} s", unreachable=True) from None
    return Read(ics.edges(spans), answer.validator, seconds, seconds)


def failed(before: Read, now: datetime, problem: str) -> Read:
    """What is known of a calendar that cannot be read: what was, until its appointments end."""
    failing = int(now.timestamp()) if before.failing is None else before.failing
    return replace(before, failing=failing, problem=problem)


@dataclass(frozen=True, slots=True)
class _Quiet:
    """A server that answers nobody at the moment."""

    until: float
    pause: float
    problem: str


class Sync:
    """Reads every calendar of a store when it is due.

    ``every`` is in seconds; ``get`` is how a source is got at.
    """

    def __init__(
        self, db: sqlite_utils.Database, *, every: float = EVERY, get: Fetch = fetch
    ) -> None:
        self._db = db
        self._every = every
        self._get = get
        self._due: dict[tuple[str, str, calendars.Settings], float] = {}
        self._quiet: dict[str, _Quiet] = {}

    def round(
        self, now: datetime, feeds: list[Feed], beat: Callable[[], None] = lambda: None
    ) -> list[Feed]:
        """Read what is due of ``feeds``, and write down what is new; them as they are then.

        A server that does not answer is left alone for longer and longer, with every calendar
        that is on it. ``beat`` is called after each calendar.
        """
        seconds = now.timestamp()
        # Those that are gone are forgotten.
        self._due = {_key(feed): self._due.get(_key(feed), 0.0) for feed in feeds}
        found = []
        for feed in feeds:
            if self._due[_key(feed)] <= seconds:
                new = self._read(feed, now)
                _say(feed, new)
                if _notable(feed.read, new):
                    calendars.keep(self._db, feed, new)
                    feed = replace(feed, read=new)
                beat()
            found.append(feed)
        return found

    def _read(self, feed: Feed, now: datetime) -> Read:
        host, key, seconds = _host(feed), _key(feed), now.timestamp()
        quiet = self._quiet.get(host)
        if quiet is not None and quiet.until > seconds:
            return failed(feed.read, now, quiet.problem)
        self._due[key] = seconds + (self._every if host else FILE_EVERY)
        try:
            new = read(feed, now, get=self._get)
        except CalendarError as error:
            if host and (error.unreachable or error.retry_after):
                pause = self._every if quiet is None else min(quiet.pause * 2, LONGEST_PAUSE)
                pause = max(pause, error.retry_after)
                self._quiet[host] = _Quiet(seconds + pause, pause, str(error))
                self._due[key] = 0.0
            return failed(feed.read, now, str(error))
        self._quiet.pop(host, None)
        return new


def once(db: sqlite_utils.Database, feeds: list[Feed], now: datetime) -> list[Feed]:
    """Read these calendars now, whole; them as they are then."""
    calendars.forget(db)
    anew = [replace(feed, read=replace(feed.read, expanded=None)) for feed in feeds]
    return Sync(db).round(now, anew)


def watch(path: Path, *, every: float = EVERY, beat: Callable[[], None] = lambda: None) -> None:
    """Read the calendars of the store at ``path`` when they are due, until the process ends.

    A calendar that is new or set otherwise is read within seconds.
    """
    while True:
        try:
            with opened(path) as store:
                _watch(store, every, beat)
        except StoreError as error:
            logger.error("calendars are not read: %s", error)
            for _ in range(10):
                beat()
                time.sleep(TICK)


def _watch(store: Connection, every: float, beat: Callable[[], None]) -> None:
    """Until another store stands in its place."""
    db = store.db
    sync = Sync(db, every=every)
    version, loaded = -1, 0.0
    feeds: list[Feed] = []
    while store.current():
        beat()
        (now_version,) = db.conn.execute("PRAGMA data_version").fetchone()
        if now_version != version or time.monotonic() - loaded >= RELOAD:
            version, loaded = now_version, time.monotonic()
            calendars.forget(db)
            feeds = calendars.feeds(db)
        if feeds:
            feeds = sync.round(datetime.now(UTC), feeds, beat)
        time.sleep(TICK)


def _key(feed: Feed) -> tuple[str, str, calendars.Settings]:
    return feed.domain, feed.extension, feed.settings


def _host(feed: Feed) -> str:
    """The server that a calendar is on; empty: it is a file."""
    source = feed.settings.source
    return "" if source.startswith("file:") else source.partition("://")[2].partition("/")[0]


def _notable(before: Read, new: Read) -> bool:
    """Whether what was read is more than that nothing has changed."""
    said = replace(before, at=None, expanded=None)
    if said != replace(new, at=None, expanded=None) or before.at is None:
        return True
    return new.at is not None and new.at - before.at >= NOTED_EVERY


def _say(feed: Feed, new: Read) -> None:
    where = calendars.shown(feed.settings.source)
    if new.problem and new.problem != feed.read.problem:
        logger.warning(
            "the calendar of %s (%s) cannot be read, what was read before holds: %s",
            feed.extension,
            where,
            new.problem,
        )
    elif feed.read.problem and not new.problem:
        logger.info("the calendar of %s (%s) is read again", feed.extension, where)


@contextmanager
def _limit(seconds: float) -> Iterator[None]:
    """End the block after so many seconds, whatever it does, with :class:`_TooLong`."""

    def end(number: int, frame: FrameType | None) -> None:
        raise _TooLong

    handler = signal.signal(signal.SIGALRM, end)
    started = time.monotonic()
    before, interval = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        if before:
            left = max(before - (time.monotonic() - started), 0.001)
            signal.setitimer(signal.ITIMER_REAL, left, interval)
