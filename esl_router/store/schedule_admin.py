"""Schedules as administrators change them.

Values are given by the keys of the rules file and checked by the same forms. Every change is one
transaction and returns the differences it made; it raises NotFound for a name that is not there,
RulesFileError for a wrong value, and NotPermitted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlite_utils

from esl_router.errors import NotFound, RulesFileError
from esl_router.model.actor import Actor
from esl_router.store import rights
from esl_router.store.changes import Changes, country_of, put, read
from esl_router.store.database import write
from esl_router.store.difference import Change, compare_parts
from esl_router.store.document import read_schedule, write_schedule
from esl_router.store.rules.forms import Place, near
from esl_router.store.rules.layout import SCHEDULE, Document
from esl_router.store.rules.values import place_name


def schedules(db: sqlite_utils.Database, domain: str) -> list[Document]:
    """Every schedule with ``name`` and its keys of the rules file, in the order of the file."""
    return [{"name": name, **schedule(db, domain, name)} for name in _names(db, domain)]


def schedule(db: sqlite_utils.Database, domain: str, name: str) -> Document:
    """One schedule, with every key that the rules file knows for it."""
    found = read_schedule(db, domain, name)
    if found is None:
        raise NotFound(f"there is no schedule {name!r}{near(name, _names(db, domain))}")
    return found


def add_schedule(
    db: sqlite_utils.Database,
    domain: str,
    name: str,
    settings: Mapping[str, Any],
    *,
    by: Actor | None = None,
) -> Changes:
    """A new schedule, at the end of the file; ``settings`` as :func:`set_schedule` takes them."""
    with write(db, by):
        rights.require(db, domain, by, ("schedules", name))
        if read_schedule(db, domain, name) is not None:
            raise RulesFileError([f"schedules.{name}: there is a schedule {name!r} already"])
        place = Place(f"schedules.{name}", country_of(db, domain), [])
        try:
            place_name(name, "")
        except ValueError as error:
            place.report(error)
        new = read(SCHEDULE, put({}, settings), place)
        write_schedule(db, domain, name, new)
        return (Change(f"schedules.{name}", after=SCHEDULE.write(new)),)


def set_schedule(
    db: sqlite_utils.Database,
    domain: str,
    name: str,
    settings: Mapping[str, Any],
    *,
    by: Actor | None = None,
) -> Changes:
    """Change a schedule. Keys are those of the rules file; None takes a key out of the file."""
    with write(db, by):
        old = schedule(db, domain, name)
        rights.require(db, domain, by, *(("schedules", name, key) for key in settings))
        place = Place(f"schedules.{name}", country_of(db, domain), [])
        new = read(SCHEDULE, put(SCHEDULE.write(old), settings), place)
        if new != old:
            write_schedule(db, domain, name, new)
        return tuple(compare_parts(f"schedules.{name}", SCHEDULE.write(old), SCHEDULE.write(new)))


_NAMING = """
    SELECT 'users.' || extension || '.presence.outside_hours' FROM presence
    WHERE domain = :domain AND hours_schedule = :name
    UNION ALL SELECT 'users.' || extension || '.callers[' || position || ']' FROM callers
    WHERE domain = :domain AND schedule = :name
    UNION ALL SELECT 'executives.' || executive || '.criteria[' || position || ']' FROM criteria
    WHERE domain = :domain AND :name IN (schedule, holidays)
"""


def remove_schedule(
    db: sqlite_utils.Database, domain: str, name: str, *, by: Actor | None = None
) -> Changes:
    """Remove a schedule. Refused (RulesFileError) while a rule still names it."""
    with write(db, by):
        old = schedule(db, domain, name)
        rights.require(db, domain, by, ("schedules", name))
        named = sorted(db.conn.execute(_NAMING, {"domain": domain, "name": name}))
        if named:
            raise RulesFileError(
                [f"{path} still names {name}: change that first" for (path,) in named]
            )
        db.conn.execute("DELETE FROM schedules WHERE domain = ? AND name = ?", (domain, name))
        return (Change(f"schedules.{name}", before=SCHEDULE.write(old)),)


def _names(db: sqlite_utils.Database, domain: str) -> list[str]:
    rows = db.conn.execute(
        "SELECT name FROM schedules WHERE domain = ? ORDER BY position, name", (domain,)
    )
    return [name for (name,) in rows]
