"""What a decision reads of a schedule."""

from __future__ import annotations

import sqlite3
from datetime import date

from esl_router.model.schedule import Hours, Schedule, has_holidays

_SCHEDULE = """
    SELECT schedules.timezone, domains.timezone, schedules.holidays
    FROM schedules JOIN domains USING (domain) WHERE domain = ? AND name = ?
"""

_HOURS = """
    SELECT days, opens, closes FROM schedule_hours WHERE domain = ? AND schedule = ?
    ORDER BY position
"""

_CLOSED = "SELECT day FROM schedule_closed WHERE domain = ? AND schedule = ?"


def schedule(conn: sqlite3.Connection, domain: str, name: str) -> Schedule:
    """A schedule with its hours, in its own zone or the domain's.

    Raises ValueError when there is none of that name, or when it makes no sense.
    """
    row = conn.execute(_SCHEDULE, (domain, name)).fetchone()
    if row is None:
        raise ValueError(f"there is no schedule {name!r}")
    own_zone, zone, holidays = row
    if not has_holidays(holidays or ""):
        raise ValueError(f"the public holidays of {holidays!r} are not known")
    return Schedule(
        name,
        own_zone or zone,
        tuple(Hours.parse(*hours) for hours in conn.execute(_HOURS, (domain, name))),
        frozenset(date.fromisoformat(day) for (day,) in conn.execute(_CLOSED, (domain, name))),
        holidays or "",
    )
