"""Calendars: whose there are, what was read of them last, and their switches.

What is kept of an appointment is when it begins and when it ends. Its title, its place and who
takes part never reach the store (M10).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlite_utils

from esl_router.errors import NotFound
from esl_router.model.actor import Actor
from esl_router.store.changes import Changes, change_user
from esl_router.store.database import write, write_state
from esl_router.store.presence import own


@dataclass(frozen=True, slots=True)
class Settings:
    """What is to be read, and how."""

    source: str
    login: str | None
    address: str | None
    all_day: str
    tentative: str
    merge_gap: int
    padding: int
    timezone: str


@dataclass(frozen=True, slots=True)
class Read:
    """What was read of a calendar. Instants are seconds since the epoch."""

    edges: tuple[int, ...] = ()
    """When he is busy: begin and end by turns, ascending."""

    validator: str = ""
    """By what the source says whether anything has changed since; empty: it does not say."""

    expanded: int | None = None
    """When ``edges`` was computed last."""

    at: int | None = None
    """When the source was reached last."""

    failing: int | None = None
    """Since when it is not; None: it is."""

    problem: str = ""
    """Why it is not, in a sentence."""


@dataclass(frozen=True, slots=True)
class Feed:
    """One user's calendar, and what was read of it with these settings."""

    domain: str
    extension: str
    settings: Settings
    read: Read


_FEEDS = """
    SELECT calendars.domain, extension, calendars.source, login, address, all_day, tentative,
           merge_gap, padding, coalesce(users.timezone, domains.timezone),
           calendar_feeds.settings, edges, validator, expanded, read, failing, problem
    FROM calendars
    JOIN users USING (domain, extension)
    JOIN domains USING (domain)
    LEFT JOIN calendar_feeds USING (domain, extension)
    {where}
    ORDER BY calendars.domain, users.position, extension
"""


def feeds(
    db: sqlite_utils.Database, domain: str | None = None, extension: str | None = None
) -> list[Feed]:
    """Every calendar, or those of one domain, or of one user in it. What was read with other
    settings is left out."""
    names = {"calendars.domain": domain, "extension": extension}
    known = {name: value for name, value in names.items() if value is not None}
    where = " AND ".join(f"{name} = ?" for name in known)
    statement = _FEEDS.format(where=f"WHERE {where}" if where else "")
    found = []
    for row in db.conn.execute(statement, tuple(known.values())):
        domain, extension, *settings = row[:10]
        wanted = Settings(*settings)
        read = Read()
        if row[10] == _fingerprint(wanted):
            _, edges, validator, expanded, at, failing, problem = row[10:]
            read = Read(tuple(json.loads(edges)), validator, expanded, at, failing, problem or "")
        found.append(Feed(domain, extension, wanted, read))
    return found


def keep(db: sqlite_utils.Database, feed: Feed, read: Read) -> None:
    """Write down what was read of a calendar; nothing when it is gone or changed meanwhile."""
    if read == feed.read:
        return
    with write_state(db):
        now = feeds(db, feed.domain, feed.extension)
        if now and now[0].settings == feed.settings:
            db.table("calendar_feeds").upsert(
                {
                    "domain": feed.domain,
                    "extension": feed.extension,
                    "source": feed.settings.source,
                    "settings": _fingerprint(feed.settings),
                    "edges": json.dumps(read.edges),
                    "validator": read.validator,
                    "expanded": read.expanded,
                    "read": read.at,
                    "failing": read.failing,
                    "problem": read.problem or None,
                },
                pk=("domain", "extension"),
            )


_ORPHANS = """
    FROM calendar_feeds WHERE NOT EXISTS (
        SELECT 1 FROM calendars WHERE calendars.domain = calendar_feeds.domain
        AND calendars.extension = calendar_feeds.extension
        AND calendars.source = calendar_feeds.source)
"""


def forget(db: sqlite_utils.Database) -> None:
    """Remove what was read of calendars that are nobody's any more."""
    if db.conn.execute(f"SELECT 1 {_ORPHANS} LIMIT 1").fetchone():
        with write_state(db):
            db.conn.execute(f"DELETE {_ORPHANS}")


def set_calendar(
    db: sqlite_utils.Database,
    domain: str,
    extension: str,
    settings: Mapping[str, Any],
    *,
    by: Actor | None = None,
) -> Changes:
    """Set keys of a user's calendar to what a rules file would say; None takes a key out.

    Raises NotFound when he has none and ``source`` is not among them.
    """
    with write(db, by):
        old = own(db, domain, extension, by, *(("calendar", key) for key in settings))
        if old["calendar"] is None and settings.get("source") is None:
            raise NotFound(
                f"{extension} has no calendar: "
                f"`esl-router calendar set {extension} --source https://…`"
            )
        return change_user(
            db,
            domain,
            extension,
            old,
            {("calendar", key): value for key, value in settings.items()},
        )


def remove_calendar(
    db: sqlite_utils.Database, domain: str, extension: str, *, by: Actor | None = None
) -> Changes:
    """Take a user's calendar away, and what was read of it."""
    with write(db, by):
        old = own(db, domain, extension, by, ("calendar",))
        changes = change_user(db, domain, extension, old, {"calendar": None})
        db.conn.execute(f"DELETE {_ORPHANS}")
        return changes


def shown(source: str) -> str:
    """A source as it may be shown and logged: an address may be a secret, beyond its host."""
    kind, colon, rest = source.partition("://")
    return f"{kind}://{rest.partition('/')[0]}/…" if colon and kind != "file" else source


def next_edges(edges: tuple[int, ...], now: datetime) -> list[tuple[int, int]]:
    """The appointments that run at ``now`` or come after it."""
    pairs = zip(edges[::2], edges[1::2], strict=True)
    return [(begin, end) for begin, end in pairs if end > now.timestamp()]


def _fingerprint(settings: Settings) -> str:
    """By what read is recognised as read with these settings."""
    return json.dumps(
        [
            *(settings.source, settings.login, settings.address, settings.all_day),
            *(settings.tentative, settings.merge_gap, settings.padding, settings.timezone),
        ]
    )
