"""What somebody outside is to be told: missed calls and new messages, as JSON (N4, Q3).

They wait here until the hook of their domain has taken them. The journal puts them in with the
call itself, so there is one of each, whichever process had the call.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import sqlite_utils

from esl_router.model.people import Hook
from esl_router.store import hooks
from esl_router.store.call_log import Entry, clean
from esl_router.store.database import write_state

MOST: Final = 10_000
"""How many wait at most; the oldest are lost first."""

_RANG = frozenset({"no_answer", "busy", "declined", "redirected"})
"""Results of legs that rang, whether or not anybody heard of it."""


def missed_call(entry: Entry) -> dict[str, Any]:
    """The event of a call that was missed."""
    rung = (
        leg.device
        for attempt in entry.attempts
        for leg in attempt.legs
        if leg.started is not None or leg.result in _RANG
    )
    return {
        "event": "missed_call",
        **_call(entry),
        "rung": list(dict.fromkeys(rung)),
        "mailbox": entry.mailbox,
        "message": entry.message,
    }


def voicemail(entry: Entry) -> dict[str, Any]:
    """The event of a message that was left."""
    return {
        "event": "voicemail",
        **_call(entry),
        "mailbox": entry.mailbox,
        "message": entry.message,
    }


def _call(entry: Entry) -> dict[str, Any]:
    at = datetime.fromtimestamp(entry.started, UTC)
    return {
        "domain": entry.domain,
        "callee": entry.callee,
        "dialled": entry.dialled,
        "reason": entry.missed,
        "caller": {
            "number": clean(entry.caller_number) or None,
            "name": clean(entry.caller_name) or None,
            # Who withholds his number has no name either; who has a name has only no number.
            "anonymous": not (entry.caller_number or entry.caller_name),
        },
        "at": at.isoformat(timespec="seconds"),
        "call": entry.uuid,
    }


def events(entry: Entry) -> Iterator[dict[str, Any]]:
    """Everything that there is to tell of a call."""
    if entry.missed is not None:
        yield missed_call(entry)
    if entry.message is not None:
        yield voicemail(entry)


def queue(conn: sqlite3.Connection, entry: Entry) -> None:
    """Put in what the hook of the call's domain is to be told, inside the caller's transaction."""
    found = list(events(entry))
    if not found or not _has_hook(conn, entry.domain):
        return
    conn.executemany(
        "INSERT INTO notices (domain, at, body) VALUES (?, ?, ?)",
        [(entry.domain, entry.ended, json.dumps(each)) for each in found],
    )
    conn.execute("DELETE FROM notices WHERE id <= (SELECT max(id) FROM notices) - ?", (MOST,))


def _has_hook(conn: sqlite3.Connection, domain: str | None) -> bool:
    query = "SELECT 1 FROM domains WHERE domain = ? AND notify IS NOT NULL"
    return conn.execute(query, (domain,)).fetchone() is not None


@dataclass(frozen=True, slots=True)
class Notice:
    """One event that waits."""

    id: int
    at: float
    """When its call ended, in seconds since the epoch."""

    tried: int
    """How often its hook has refused it."""

    body: str
    """JSON."""


def waiting(db: sqlite_utils.Database) -> list[str]:
    """The domains of which something waits."""
    return [domain for (domain,) in db.conn.execute("SELECT DISTINCT domain FROM notices")]


def hook_of(db: sqlite_utils.Database, domain: str) -> Hook | None:
    """Whom a domain tells; None: nobody. Raises ValueError where that cannot be read."""
    query = "SELECT notify FROM domains WHERE domain = ?"
    row = db.conn.execute(query, (domain,)).fetchone()
    if row is None or row[0] is None:
        return None
    try:
        return hooks.hook(row[0])
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"settings.notify of {domain} is unreadable") from error


def first(db: sqlite_utils.Database, domain: str) -> Notice | None:
    """What is to be told next: one that was refused comes after the others."""
    row = db.conn.execute(
        "SELECT id, at, tried, body FROM notices WHERE domain = ? ORDER BY tried, id LIMIT 1",
        (domain,),
    ).fetchone()
    return None if row is None else Notice(*row)


def told(db: sqlite_utils.Database, notice: Notice) -> None:
    """Forget one: the hook has taken it, or never will."""
    with write_state(db):
        db.conn.execute("DELETE FROM notices WHERE id = ?", (notice.id,))


def refused(db: sqlite_utils.Database, notice: Notice) -> None:
    """The hook has not taken it: it comes again later."""
    with write_state(db):
        db.conn.execute("UPDATE notices SET tried = tried + 1 WHERE id = ?", (notice.id,))


def drop(db: sqlite_utils.Database, domain: str) -> None:
    """Forget what waits for a domain that tells nobody any more."""
    with write_state(db):
        db.conn.execute("DELETE FROM notices WHERE domain = ?", (domain,))
