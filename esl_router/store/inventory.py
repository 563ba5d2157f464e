"""What there is in a domain, by name: for those who look at all of it."""

from __future__ import annotations

from contextlib import suppress

import sqlite_utils

from esl_router.engine.lint.company import Names
from esl_router.model.schedule import Schedule
from esl_router.store.schedules import schedule

_NAMED = "SELECT {column} FROM {table} WHERE domain = ? ORDER BY position"

_CONTACTS = """
    SELECT DISTINCT contacts.name FROM criteria JOIN contacts
    ON contacts.domain = criteria.domain AND contacts.name = criteria.contact
    WHERE criteria.domain = ?
"""


def names(db: sqlite_utils.Database, domain: str) -> Names:
    """The users, teams, executives and schedules of a domain, in the order of the rules file.

    A schedule that makes no sense is left out: whoever goes by it reports it.
    """

    def listed(table: str, column: str = "extension") -> tuple[str, ...]:
        rows = db.conn.execute(_NAMED.format(column=column, table=table), (domain,))
        return tuple(name for (name,) in rows)

    schedules: dict[str, Schedule] = {}
    for name in listed("schedules", "name"):
        with suppress(ValueError):
            schedules[name] = schedule(db.conn, domain, name)
    return Names(
        listed("users"),
        listed("teams"),
        listed("executives"),
        schedules,
        workplaces=bool(listed("workplaces", "name")),
        contacts=frozenset(name for (name,) in db.conn.execute(_CONTACTS, (domain,))),
    )
