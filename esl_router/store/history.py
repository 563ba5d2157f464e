"""Every change of the rules: who made it, when, from where, what before and after.

Entries are written by :mod:`esl_router.store.recording`, in the transaction of the change itself.
Instants are seconds since the epoch (UTC).
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

import sqlite_utils

from esl_router.errors import NotFound
from esl_router.model.actor import Actor, Kind, Source
from esl_router.store.database import write_state
from esl_router.store.objects import NAMED_SECTIONS, Edit, Path
from esl_router.store.recording import json_text


@dataclass(frozen=True, slots=True)
class Entry:
    """One transaction that changed rules of one domain."""

    number: int
    at: float
    domain: str
    by: Actor
    edits: tuple[Edit, ...]
    undoes: int | None = None
    """The entry that it takes back."""

    undone_by: int | None = None
    """The last entry that takes it back."""


_ENTRIES = """
    SELECT id, at, domain, kind, name, source, undoes,
        (SELECT max(id) FROM history AS later WHERE later.undoes = history.id)
    FROM history
    WHERE (:number IS NULL OR id = :number)
        AND (:domain IS NULL OR domain = :domain)
        AND (:since IS NULL OR at >= :since)
        AND (:user IS NULL OR kind = 'user' AND name = :user OR id IN (
            SELECT entry FROM history_changes, json_each(history_changes.path)
            WHERE json_each.value = :user))
        AND (:exactly IS NULL OR id IN (
            SELECT entry FROM history_changes
            WHERE path = :exactly OR path >= :below AND path < :beyond))
    ORDER BY id DESC LIMIT :limit
"""


def entries(
    db: sqlite_utils.Database,
    limit: int,
    *,
    domain: str | None = None,
    user: str | None = None,
    path: Path = (),
    since: float | None = None,
) -> list[Entry]:
    """The last entries, the latest at the end.

    ``user``: what concerns him, and what he changed himself. ``path``: what changed there or
    below. ``since``: not before that instant.
    """
    return _found(
        db.conn, limit=limit, domain=domain, user=user, since=since, **_range(path or None)
    )


def entry(db: sqlite_utils.Database, number: int) -> Entry:
    """One entry; NotFound."""
    for found in _found(db.conn, number=number):
        return found
    raise NotFound(f"there is no entry {number} in the history")


def concerns(edit: Edit, user: str) -> bool:
    """Whether a change is one of what a user has or takes part in."""
    return user in edit.full_path


def purge(db: sqlite_utils.Database, before: float) -> int:
    """Forget the entries from before an instant; how many."""
    with write_state(db):
        return int(db.conn.execute("DELETE FROM history WHERE at < ?", (before,)).rowcount)


# -- rows -------------------------------------------------------------------------------------
def _found(conn: sqlite3.Connection, **conditions: Any) -> list[Entry]:
    names = ("number", "domain", "since", "user", "exactly", "below", "beyond")
    anything = {**dict.fromkeys(names), "limit": 1}
    rows = conn.execute(_ENTRIES, {**anything, **conditions}).fetchall()
    return [_entry(conn, row) for row in reversed(rows)]


def _range(path: Path | None) -> dict[str, str]:
    """Between what the paths at and below ``path`` lie, as they are kept."""
    if path is None:
        return {}
    exactly = json_text(path)
    below = f"{exactly[:-1]}, "
    return {"exactly": exactly, "below": below, "beyond": f"{below}\U0010ffff"}


def _entry(conn: sqlite3.Connection, row: tuple[Any, ...]) -> Entry:
    number, at, domain, kind, name, source, undoes, undone_by = row
    changes = conn.execute(
        "SELECT path, before, after, place, reordered FROM history_changes WHERE entry = ?"
        " ORDER BY position",
        (number,),
    )
    return Entry(
        number,
        at,
        domain,
        Actor(Kind(kind), name, Source(source)),
        tuple(_edit(*change) for change in changes),
        undoes,
        undone_by,
    )


def _edit(path: str, before: str | None, after: str | None, place: int | None, again: int) -> Edit:
    section, *inner = json.loads(path)
    name = inner.pop(0) if section in NAMED_SECTIONS and inner else ""
    old, new = (None if value is None else json.loads(value) for value in (before, after))
    return Edit(section, name, tuple(inner), old, new, place, bool(again))
