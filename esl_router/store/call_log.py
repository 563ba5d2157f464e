"""Calls as the journal keeps them: what an entry holds, how it is stored and found again."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, replace

import sqlite_utils

from esl_router.model.trace import Entry as TraceEntry
from esl_router.store.database import write_state


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

    on_behalf: str | None = None
    """The executive in whose name the caller, his assistant, called."""

    callee: str | None = None
    """The extension that the call was for; None when the number was nobody's."""

    origin: str | None = None
    code: int | None = None
    """The SIP status that the caller got, where the call was not answered."""

    answered_by: str | None = None
    """The device that answered."""

    answered_at: float | None = None
    missed: str | None = None
    """Why the callee has missed it: a :class:`esl_router.model.missed.Reason`; None: he has not."""

    mailbox: str | None = None
    """The box where the caller was."""

    message: int | None = None
    """Seconds of the message that he left there."""

    attempts: tuple[Attempt, ...] = ()
    trace: tuple[TraceEntry, ...] = ()
    problems: tuple[str, ...] = ()
    """Broken rules that the decisions met, ``path: what is wrong``."""


def insert(conn: sqlite3.Connection, entry: Entry) -> None:
    """Add a call to the journal, inside the caller's transaction."""
    cursor = conn.execute(
        """
        INSERT INTO journal_calls (uuid, domain, started, ended, caller_number, caller_name,
            caller_account, on_behalf, dialled, callee, origin, result, code, answered_by,
            answered_at, missed, mailbox, message, trace, problems)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
        (
            clean(entry.uuid),
            clean(entry.domain),
            entry.started,
            entry.ended,
            clean(entry.caller_number),
            clean(entry.caller_name),
            clean(entry.caller_account),
            entry.on_behalf,
            clean(entry.dialled),
            clean(entry.callee),
            entry.origin,
            entry.result,
            entry.code,
            entry.answered_by,
            entry.answered_at,
            entry.missed,
            entry.mailbox,
            entry.message,
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


def clean(text: str | None) -> str | None:
    """``text`` as SQLite takes it: half a surrogate pair, from a broken name, is replaced."""
    return None if text is None else text.encode("utf-8", "replace").decode("utf-8")


_OF_USER = """
    SELECT id FROM journal_calls
    WHERE (:domain IS NULL OR domain = :domain)
        AND (:user IS NULL OR callee = :user
            OR (NOT :missed AND caller_number = :user AND caller_account IS NOT NULL)
            OR (NOT :missed AND (domain, caller_account) IN
                (SELECT domain, name FROM devices WHERE extension = :user)))
"""


def calls(
    db: sqlite_utils.Database,
    limit: int = 50,
    *,
    domain: str | None = None,
    user: str | None = None,
    after: int = 0,
    missed: bool = False,
) -> list[tuple[int, Entry]]:
    """The last ``limit`` calls, oldest first, each with its number in the journal.

    ``user`` is an extension: calls for him, and calls that were his, from his own devices or from
    a workplace where he was. ``after`` is the number of a call: only later ones, as somebody who
    watches wants them. ``missed``: calls alone that whom they were for has missed; ``user`` is he.
    """
    rows = db.conn.execute(
        _OF_USER
        + "AND id > :after AND (NOT :missed OR missed IS NOT NULL) ORDER BY id DESC LIMIT :limit",
        {"after": after, "domain": domain, "user": user, "limit": limit, "missed": missed},
    ).fetchall()
    return [(number, _entry(db, number)) for (number,) in reversed(rows)]


def call(
    db: sqlite_utils.Database, uuid: str, *, domain: str | None = None, user: str | None = None
) -> list[Entry]:
    """The calls of a channel, oldest first: several when it was transferred, none when unknown.

    The first eight characters of a uuid are enough. ``user`` as in :func:`calls`.
    """
    if len(uuid) < 8:
        return []
    rows = db.conn.execute(
        _OF_USER + "AND uuid >= :first AND uuid < :first || char(1114111) ORDER BY id",
        {"first": uuid, "domain": domain, "user": user, "missed": False},
    ).fetchall()
    return [_entry(db, number) for (number,) in rows]


def as_seen(entry: Entry, user: str) -> Entry:
    """What a user may see of a call that he has made or got. The reasons tell of others' rules; and
    what rang, or was missed, is whose call it was."""
    seen = replace(entry, trace=(), problems=())
    if entry.callee == user:
        return seen
    return replace(
        seen,
        attempts=(),
        answered_by=None,
        missed=None,
        mailbox=None,
        message=None,
    )


def purge(db: sqlite_utils.Database, before: float) -> int:
    """Forget the calls that ended before an instant (seconds since the epoch); how many."""
    with write_state(db):
        return int(db.conn.execute("DELETE FROM journal_calls WHERE ended < ?", (before,)).rowcount)


def _entry(db: sqlite_utils.Database, number: int) -> Entry:
    row = db.conn.execute(
        """
        SELECT uuid, domain, started, ended, caller_number, caller_name, caller_account,
            on_behalf, dialled, callee, origin, result, code, answered_by, answered_at, missed,
            mailbox, message, trace, problems
        FROM journal_calls WHERE id = ?
        """,
        (number,),
    ).fetchone()
    uuid, domain, started, ended, caller_number, caller_name, account, on_behalf, *rest = row
    dialled, callee, origin, result, code, answered_by, answered_at, *rest = rest
    missed, mailbox, message, trace, problems = rest
    return Entry(
        uuid=uuid,
        domain=domain,
        started=started,
        ended=ended,
        caller_number=caller_number,
        caller_name=caller_name,
        caller_account=account,
        on_behalf=on_behalf,
        dialled=dialled,
        callee=callee,
        origin=origin,
        result=result,
        code=code,
        answered_by=answered_by,
        answered_at=answered_at,
        missed=missed,
        mailbox=mailbox,
        message=message,
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
