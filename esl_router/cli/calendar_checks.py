"""What ``doctor`` looks at of the users' calendars: that they are read, and how."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from esl_router.cli.checks import Check, Level
from esl_router.errors import RouterError
from esl_router.store.calendars import Feed, feeds, shown

OLD = 3 * 3600
"""Seconds after which a calendar should have been read again; once an hour it is written down."""

_AREA = "calendars"


def calendars(path: Path, now: datetime) -> Iterator[Check]:
    """Each calendar that is not read, or not as it should be; one line when all are well."""
    from esl_router.store.database import open_store

    try:
        db = open_store(path, readonly=True)
    except RouterError:
        return  # said already, of the store
    try:
        found = feeds(db)
    finally:
        db.close()
    checks = [check for feed in found for check in _of_one(feed, now)]
    yield from checks
    if found and not checks:
        count = f"{len(found)} calendars are" if len(found) > 1 else "1 calendar is"
        yield Check(_AREA, Level.OK, f"{count} read")


def _of_one(feed: Feed, now: datetime) -> Iterator[Check]:
    from esl_router.calendars.fetch import others_may_read

    settings, read = feed.settings, feed.read
    whose = f"{feed.domain}: the calendar of {feed.extension} ({shown(settings.source)})"
    if read.failing is not None:
        text = f"{whose} cannot be read since {_at(read.failing)}: {read.problem}"
        yield Check(_AREA, Level.WARN, text, f"then: esl-router calendar sync {feed.extension}")
    elif read.at is None or now.timestamp() - read.at > OLD:
        when = "has never been read" if read.at is None else f"was read last at {_at(read.at)}"
        todo = "esl-router serve reads it, or esl-router calendar sync --watch"
        yield Check(_AREA, Level.WARN, f"{whose} {when}", todo)
    login = settings.login
    if login is None:
        return
    if others_may_read(login):
        where = login.partition(":")[2]
        text = f"{where} holds a password, and others may open it"
        yield Check(_AREA, Level.WARN, text, f"chmod 600 {where}")
    if settings.source.removeprefix("caldav:").startswith("http://"):
        text = f"{whose} is read without encryption, and with a password"
        yield Check(_AREA, Level.WARN, text, "an https:// address")


def _at(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
